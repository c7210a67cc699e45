import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { avme, refused } from '../support/cli.js';
import { makeVideo, scratchFolder } from '../support/media.js';
import { readPixels } from '../support/picture.js';

const DONE_FIELDS = [
  'event',
  'videos',
  'clips',
  'written',
  'skipped',
  'quarantined',
  'seconds',
  'interrupted',
];

describe('avme preprocess and inspect', function () {
  this.timeout(120_000);
  const scratch = scratchFolder();
  const cache = () => scratch.path('cache');
  const options = ['--size', '64', '--json'];

  before(async () => {
    await mkdir(scratch.path('videos/cat'), { recursive: true });
    await mkdir(scratch.path('videos/dog'), { recursive: true });
    await mkdir(scratch.path('empty'));
    await makeVideo(scratch.path('videos/cat/a b\'"%.mp4'), { seconds: 3 });
    await makeVideo(scratch.path('videos/dog/silent.mkv'), {
      seconds: 3,
      sound: null,
      picture: 'testsrc=s=120x160:r=30',
    });
    await writeFile(scratch.path('videos/dog/broken.mp4'), 'this is no video');
    const made = await avme(['preprocess', scratch.path('videos'), '--cache', cache(), ...options]);
    assert.equal(made.code, 0, made.stderr);
    const done = made.events.at(-1)!;
    assert.deepEqual(Object.keys(done), DONE_FIELDS);
    assert.deepEqual(
      [done['videos'], done['clips'], done['written'], done['skipped'], done['quarantined']],
      [3, 2, 2, 0, 1],
    );
  });

  it('adds nothing the second time', async () => {
    const before = (await avme(['inspect', cache(), '--json'])).stdout;
    const again = await avme([
      'preprocess',
      scratch.path('videos'),
      '--cache',
      cache(),
      ...options,
    ]);
    const done = again.events.at(-1)!;
    assert.deepEqual([done['written'], done['skipped'], done['quarantined']], [0, 2, 1]);
    assert.equal((await avme(['inspect', cache(), '--json'])).stdout, before);
  });

  it('keeps the quarantine as JSON lines with the cause in plain words', async () => {
    const lines = (await readFile(join(cache(), 'quarantine.jsonl'), 'utf8')).trim().split('\n');
    assert.equal(lines.length, 1);
    const record = JSON.parse(lines[0]!) as Record<string, string>;
    assert.match(record['path']!, /broken\.mp4$/);
    assert.ok(record['stage'] && record['cause'] && typeof record['detail'] === 'string');
  });

  it('exits with 3 on quarantined videos only when asked to be strict', async () => {
    const strict = await avme([
      'preprocess',
      scratch.path('videos'),
      '--cache',
      cache(),
      '--size',
      '64',
      '--strict',
    ]);
    assert.equal(strict.code, 3, strict.stderr);
  });

  it('inspect prints one object with what the cache holds', async () => {
    const { stdout, code } = await avme(['inspect', cache(), '--json']);
    assert.equal(code, 0);
    const summary = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([summary['samples'], summary['shards'], summary['quarantined']], [2, 1, 1]);
    assert.deepEqual(summary['labels'], { cat: 1, dog: 1 });
    assert.match(String(summary['fingerprint']), /^[0-9a-f]{64}$/);
    assert.ok(Number(summary['bytes']) > 2 * 16 * 64 * 64 * 3);
  });

  it('inspect prints one sample, and writes it as files', async () => {
    const out = scratch.path('sample-0');
    const { stdout, code, stderr } = await avme([
      'inspect',
      cache(),
      '--sample',
      '0',
      '--out',
      out,
      '--json',
    ]);
    assert.equal(code, 0, stderr);
    const sample = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(sample['label'], 'cat');
    assert.equal((sample['times'] as number[]).length, 16);
    assert.deepEqual([sample['audioPresent'], sample['substituted'], sample['clip']], [true, 0, 0]);
    assert.deepEqual(sample['mask'], { ratio: 0.9, visible: 2, positions: 16 });
    assert.deepEqual(sample['mfcc'], { shape: [256, 13] });
    const frames = Array.from({ length: 16 }, (_, i) => `frame-${String(i).padStart(2, '0')}.png`);
    assert.deepEqual((await readdir(out)).sort(), ['contact.png', ...frames, 'mfcc.json'].sort());
    const { width, height } = await readPixels(join(out, 'frame-00.png'));
    assert.deepEqual([width, height], [64, 64]);
    const { values } = JSON.parse(await readFile(join(out, 'mfcc.json'), 'utf8')) as {
      values: number[][];
    };
    assert.deepEqual([values.length, values[0]!.length], [256, 13]);
  });

  it('a clip without sound says so and carries zeros', async () => {
    const out = scratch.path('sample-1');
    const { stdout } = await avme(['inspect', cache(), '--sample', '1', '--out', out, '--json']);
    assert.equal((JSON.parse(stdout) as Record<string, unknown>)['audioPresent'], false);
    const { values } = JSON.parse(await readFile(join(out, 'mfcc.json'), 'utf8')) as {
      values: number[][];
    };
    assert.ok(values.flat().every((value) => value === 0));
  });

  it('reads a JSONL list, and options from a config file', async () => {
    const list = scratch.path('list.jsonl');
    const video = scratch.path('videos/cat/a b\'"%.mp4');
    await writeFile(list, `${JSON.stringify({ path: video, label: 'x', start: 0.5, end: 2.5 })}\n`);
    await writeFile(
      scratch.path('avme.json'),
      JSON.stringify({ preprocess: { size: 32, clips: 2 } }),
    );
    const result = await avme([
      'preprocess',
      list,
      '--cache',
      scratch.path('listed'),
      '--config',
      scratch.path('avme.json'),
      '--patch',
      '8',
      '--json',
    ]);
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.events.at(-1)!['written'], 2);
  });

  it('shows people tables, and a picture', async () => {
    const table = await avme(['inspect', cache()]);
    assert.match(table.stdout, /samples\s+2\n/);
    assert.match(table.stdout, /quarantined\s+stage\s+cause\n.*broken\.mp4/);
    const picture = scratch.path('sheet.png');
    const sample = await avme(['inspect', cache(), '--sample', '0', '--png', picture]);
    assert.match(sample.stdout, /ratio 0\.9, 2 of 16 positions visible/);
    assert.ok((await readPixels(picture)).width > 500);
  });

  describe('bad input gets a sentence', () => {
    const preprocess = (...more: string[]) => [
      'preprocess',
      scratch.path('videos'),
      '--cache',
      scratch.path('other'),
      ...more,
    ];

    it('no such folder', () =>
      refused(['preprocess', scratch.path('nowhere'), '--cache', cache()], 1, /nowhere/));
    it('an empty folder', () =>
      refused(
        ['preprocess', scratch.path('empty'), '--cache', scratch.path('other')],
        1,
        /there is no video in .*empty/,
      ));
    it('a cache made with other options', () =>
      refused(
        ['preprocess', scratch.path('videos'), '--cache', cache(), '--size', '96'],
        1,
        /size: cache has 64, asked for 96/,
      ));
    it('an unknown option', () =>
      refused(preprocess('--sise', '64'), 2, /unknown option '--sise'/));
    it('an odd number of frames', () =>
      refused(preprocess('--frames', '15'), 2, /--frames: got "15".*even/));
    it('a mask ratio of 1', () =>
      refused(preprocess('--mask-ratio', '1'), 2, /--mask-ratio: got "1".*below 1/));
    it('a size that patches do not divide', () =>
      refused(preprocess('--size', '100'), 2, /--patch: got .*100 is no multiple of 16/));
    it('no cache given', () =>
      refused(['preprocess', scratch.path('videos')], 2, /--cache: got nothing; give the folder/));
    it('a config file that is none', async () => {
      await writeFile(scratch.path('bad.json'), '{');
      await refused(preprocess('--config', scratch.path('bad.json')), 2, /bad\.json is not JSON/);
      await refused(
        preprocess('--config', scratch.path('missing.json')),
        2,
        /cannot read .*missing\.json/,
      );
      await writeFile(scratch.path('typo.json'), '{"preprocess": {"sise": 3}}');
      await refused(
        preprocess('--config', scratch.path('typo.json')),
        2,
        /unknown option "sise"; did you mean size/,
      );
    });
    it('a folder that is no cache, a sample that is not there', async () => {
      await refused(['inspect', scratch.path('videos')], 1, /is not an avme cache/);
      await refused(
        ['inspect', cache(), '--sample', '9'],
        1,
        /there is no sample 9: the cache holds samples 0 to 1/,
      );
      await refused(['inspect', cache(), '--sample', 'x'], 2, /--sample: got "x"/);
      await refused(['inspect', cache(), '--out', scratch.path('o')], 2, /say which with --sample/);
    });
  });
});
