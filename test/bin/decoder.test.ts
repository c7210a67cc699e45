import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { avme, AVME } from '../support/cli.js';
import { contentOf } from '../torture/support.js';
import { libavForTests, needsLibav } from '../support/libav.js';
import { makeVideo, scratchFolder } from '../support/media.js';
import { slow } from '../support/slow.js';
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const OPTIONS = '--frames 4 --size 32 --patch 8 --mask-ratio 0.75'.split(' ');

slow.describe('avme preprocess --decoder', function () {
  this.timeout(120_000);
  needsLibav();
  const { path } = scratchFolder();
  const libav = () => ({ env: { AVME_LIBAV: libavForTests() } });
  const preprocess = (cache: string, ...more: string[]) => [
    'preprocess',
    path('videos'),
    '--cache',
    path(cache),
    '--json',
    ...OPTIONS,
    ...more,
  ];
  const toolsOf = async (cache: string) => {
    const manifest = await readFile(path(`${cache}/manifest.json`), 'utf8');
    return Object.keys((JSON.parse(manifest) as { tools: object }).tools);
  };

  before(async () => {
    await mkdir(path('videos'));
    for (let i = 0; i < 6; i++)
      await makeVideo(path(`videos/${i}.mp4`), { seconds: 2, picture: `testsrc2=s=64x48:r=25,hue=h=${i * 30}` }); // prettier-ignore
  });

  it('takes libav where it is set up, ffmpeg where it is not, and both give the same clips', async () => {
    const [by, other] = [
      await avme(preprocess('libav'), libav()),
      await avme(preprocess('ffmpeg')),
    ];
    assert.deepEqual([by.code, other.code], [0, 0], by.stderr + other.stderr);
    assert.ok((await toolsOf('libav')).includes('libav'));
    assert.ok(!(await toolsOf('ffmpeg')).includes('libav'));
    const [one, two] = [await contentOf(path('libav')), await contentOf(path('ffmpeg'))];
    assert.deepEqual([one.samples.length, two.samples.length], [6, 6]);
    // Keys say what made a clip; what the MFCCs of all clips come to does not.
    const numbers = (content: typeof one) => JSON.stringify(content.statistics).match(/-?\d+(\.\d+)?(e-?\d+)?/g)!.map(Number); // prettier-ignore
    const [a, b] = [numbers(one), numbers(two)];
    assert.ok(a.length > 20 && a.length === b.length);
    a.forEach((value, k) => { assert.ok(Math.abs(value - b[k]!) <= 1e-3 * Math.max(1, Math.abs(value)), `${value} and ${b[k]}`); }); // prettier-ignore
  });

  it('goes on with what a cache has, and refuses to mix', async () => {
    const mixed = await avme(preprocess('libav', '--decoder', 'ffmpeg'), libav());
    assert.equal(mixed.code, 1);
    assert.match(
      mixed.stderr,
      /made with --decoder libav, and clips of two decoders are not mixed/,
    );
    const gone = await avme(preprocess('libav'));
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /made with libav, which is not set up; run "avme setup --decoder"/);
    const same = await avme(preprocess('ffmpeg'), libav());
    assert.deepEqual([same.code, same.events.at(-1)!['written']], [0, 0], same.stderr);
  });

  it('is decided by a plan, for all of its workers', async () => {
    const plan = ['plan', path('videos'), '--cache', path('planned'), '--parts', '2', '--json', ...OPTIONS]; // prettier-ignore
    assert.equal((await avme(plan, libav())).code, 0);
    const without = await avme(['work', path('planned'), '--json']);
    assert.notEqual(without.code, 0);
    assert.match(without.stderr + without.stdout, /libav.*not set up; run ..?avme setup --decoder/);
    const done = await avme(['work', path('planned'), '--json'], libav());
    assert.equal(done.code, 0, done.stderr);
    assert.equal((await avme(['merge', path('planned')])).code, 0);
    assert.ok((await toolsOf('planned')).includes('libav'));
  });

  it('leaves no process behind when it is killed', async () => {
    const child = spawn(process.execPath, [AVME, ...preprocess('killed', '--jobs', '2')], { ...{ env: { ...process.env, ...libav().env } }, stdio: ['ignore', 'pipe', 'ignore'] }); // prettier-ignore
    await once(child.stdout, 'data');
    const run = promisify(execFile);
    const children = async () => {
      const { stdout } = await run('pgrep', ['-P', String(child.pid), '-f', 'libav/child/worker']).catch(() => ({ stdout: '' })); // prettier-ignore
      return stdout.split('\n').filter((line) => line !== '');
    };
    let decoding: string[] = [];
    for (let i = 0; i < 100 && decoding.length === 0; i++) {
      decoding = await children();
      await setTimeout(20);
    }
    assert.ok(decoding.length > 0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const isThere = (pid: string) => run('kill', ['-0', pid]).then(() => true, () => false); // prettier-ignore
    for (let i = 0; i < 100 && (await Promise.all(decoding.map(isThere))).includes(true); i++) await setTimeout(50); // prettier-ignore
    assert.deepEqual(
      await Promise.all(decoding.map(isThere)),
      decoding.map(() => false),
    );
  });
});
