import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeVideo, scratchFolder } from './support/media.js';

const FOLDER = fileURLToPath(new URL('../../examples', import.meta.url));
const run = promisify(execFile);

/** Runs an example as its user does, on the package as others import it. @returns its lines */
async function example(name: string, ...args: string[]): Promise<string[]> {
  const { stdout, stderr } = await run(process.execPath, [`${FOLDER}/${name}`, ...args]);
  assert.equal(stderr, '');
  return stdout.trim().split('\n');
}

describe('the examples', function () {
  this.timeout(120_000);
  const { path } = scratchFolder();

  before(async () => {
    for (const [label, picture] of Object.entries({ pattern: 'testsrc2', fractal: 'mandelbrot' })) {
      await mkdir(path(`videos/${label}`), { recursive: true });
      await makeVideo(path(`videos/${label}/a.mp4`), { picture: `${picture}=s=64x48:r=25` });
      await makeVideo(path(`videos/${label}/b.mp4`), { picture: `${picture}=s=48x64:r=25` });
    }
  });

  it('preprocess.js makes a cache, with a stage of its own', async () => {
    const lines = await example('preprocess.js', path('videos'), path('cache'));
    assert.equal(lines.length, 4);
    assert.match(lines[0]!, /^fractal\/a\.mp4: clip 0, [\d.]+ to [\d.]+ s$/);
  });

  it('read-cache.js tells what is in it', async () => {
    const [first, ...samples] = await example('read-cache.js', path('cache'));
    assert.equal(first, '4 samples of 16 frames and 256 × 13 MFCCs');
    assert.match(samples[0]!, /^fractal\/a\.mp4 \(fractal\): 32 × 32, mean [\d.]+, 12 of 16 positions masked, with sound$/); // prettier-ignore
  });

  it('train.js takes steps', async () => {
    const lines = await example('train.js', path('cache'));
    assert.deepEqual(lines.map((line) => line.replace(/[\d.]+, /, 'X, ')), Array.from({ length: 5 }, (_, i) => `step ${i + 1}: loss X, 2 clips`)); // prettier-ignore
  });

  it('pretrain.js trains a model, and draws what it has learned', async () => {
    const lines = await example('pretrain.js', path('cache'), path('runs/a'), path('a.png'));
    assert.equal(lines.length, 6 + 2);
    assert.match(lines.at(-1)!, /^mean squared error of masked pixels: 0\.\d+; see /);
    assert.ok((await stat(path('a.png'))).size > 10_000);
  });

  it('finetune.js trains a classifier, and measures it', async () => {
    const lines = await example('finetune.js', path('cache'), path('runs/a'), path('runs/b'));
    assert.match(lines.at(-1)!, /^(0|25|50|75|100)\.0 % of 4 videos are classified right$/);
  });

  it('own-model.js gives batches as typed arrays', async () => {
    const lines = await example('own-model.js', path('cache'));
    assert.deepEqual(lines, [
      'place 0: video 4 × 16 × 32 × 32 × 3 = 196608 bytes, 384 masked tokens, 13312 MFCC values',
      'place 4: video 4 × 16 × 32 × 32 × 3 = 196608 bytes, 384 masked tokens, 13312 MFCC values',
    ]);
  });

  it('are all in their README, and in this test', async () => {
    const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.js'));
    const readme = await readFile(`${FOLDER}/README.md`, 'utf8');
    assert.equal(names.length, 6);
    for (const name of names) assert.ok(readme.includes(`node examples/${name} `), name);
  });
});
