import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listAttempts } from '../../cache/parts/attempt-name.js';
import { FFMPEG_PATH } from '../../stages/ffmpeg/ffmpeg.js';
import { avme, AVME, refused } from '../support/cli.js';
import { makeVideo, scratchFolder } from '../support/media.js';
import { contentOf } from '../torture/support.js';

const scratch = scratchFolder();
const OPTIONS = '--frames 4 --stride 2 --size 32 --patch 8 --mask-ratio 0.75 --clips 2'.split(' ');
const SLOW = fileURLToPath(new URL('../../../test/torture/slow-ffmpeg.sh', import.meta.url));
const VIDEOS = 12;
const PARTS = 5;

const plan = (cache: string, ...more: string[]) =>
  avme(['plan', scratch.path('videos'), '--cache', scratch.path(cache), '--json', ...OPTIONS, ...more]); // prettier-ignore
const work = (cache: string, ...more: string[]) => avme(['work', scratch.path(cache), '--json', ...more]); // prettier-ignore
const status = async (cache: string) => {
  const { code, events, stderr } = await avme(['status', scratch.path(cache), '--json']);
  assert.equal(code, 0, stderr);
  return events[0]!;
};

async function mergedContent(cache: string) {
  const { code, stderr } = await avme(['merge', scratch.path(cache)]);
  assert.equal(code, 0, stderr);
  return contentOf(scratch.path(cache));
}

/** A worker in the background; with delays, so that there is time to disturb it. */
function begin(cache: string, ...more: string[]): ChildProcess {
  return spawn(process.execPath, [AVME, 'work', scratch.path(cache), '--json', '--jobs', '1', ...more], {
    env: { ...process.env, AVME_FFMPEG: SLOW, REAL_FFMPEG: FFMPEG_PATH, SLOW_SECONDS: '0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  }); // prettier-ignore
}

describe('avme plan, work and status', function () {
  this.timeout(180_000);
  let whole: Awaited<ReturnType<typeof contentOf>>;

  before(async () => {
    const folder = scratch.path('videos');
    await mkdir(join(folder, 'dance'), { recursive: true });
    for (let i = 0; i < VIDEOS; i++)
      await makeVideo(join(folder, i % 2 === 0 ? 'dance' : '', `${i}.mp4`), {
        picture: `testsrc2=s=64x48:r=25,hue=h=${i * 25}`,
        sound: `sine=f=${200 + i}:r=16000`,
        seconds: 1,
        output: ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
      });
    await writeFile(join(folder, 'broken.mp4'), 'this is no video');
    await writeFile(join(folder, 'notes.txt'), 'passed over');
    const one = await avme(['preprocess', folder, '--cache', scratch.path('whole'), ...OPTIONS]);
    assert.equal(one.code, 0, one.stderr);
    whole = await contentOf(scratch.path('whole'));
  });

  it('make together what one process makes', async () => {
    const planned = await plan('all', '--parts', String(PARTS));
    assert.equal(planned.code, 0, planned.stderr);
    const videos = VIDEOS + 1;
    assert.deepEqual(planned.events, [{ event: 'plan', videos, ignored: { '.txt': 1 }, parts: PARTS, clips: 2 * videos }]); // prettier-ignore
    assert.deepEqual({ ...(await status('all')), workers: 0 }, { event: 'status', parts: PARTS, done: 0, active: 0, videos, videosDone: 0, clips: 0, quarantined: 0, clipsPerSecond: 0, workers: 0 }); // prettier-ignore
    const runs = await Promise.all([work('all'), work('all')]);
    assert.deepEqual(runs.map(({ code }) => code), [0, 0], runs.map(({ stderr }) => stderr).join()); // prettier-ignore
    const parts = runs.flatMap(({ events }) => events.filter(({ event }) => event === 'part-done')).map(({ part }) => part); // prettier-ignore
    assert.deepEqual(new Set(parts), new Set([0, 1, 2, 3, 4]));
    const after = await status('all');
    assert.deepEqual([after['done'], after['videosDone'], after['clips'], after['quarantined']], [PARTS, videos, 2 * VIDEOS, 1]); // prettier-ignore
    assert.deepEqual(after['workers'], []);
    assert.deepEqual(await mergedContent('all'), whole);
  });

  it('find nothing more to do, until the data set has grown: then only those parts', async () => {
    const again = await work('all');
    assert.deepEqual(again.events.map(({ event }) => event), ['done']); // prettier-ignore
    assert.equal(again.events[0]?.['parts'], 0);
    await copyFile(scratch.path('videos/1.mp4'), scratch.path('videos/new.mp4'));
    await writeFile(scratch.path('videos/new.mp4'), '\n', { flag: 'a' });
    const planned = await plan('all');
    assert.equal(planned.events[0]?.['parts'], PARTS, planned.stderr);
    assert.equal((await status('all'))['done'], PARTS - 1);
    const grown = await work('all');
    assert.equal(grown.code, 0, grown.stderr);
    assert.equal(grown.events.at(-1)?.['parts'], 1);
    assert.equal(grown.events.at(-1)?.['clips'], 2);
    assert.equal((await mergedContent('all')).samples.length, 2 * VIDEOS + 2);
  });

  it('by --shard: parts p with p mod n = i; a list has what preprocess --shard takes', async () => {
    await plan('shares', '--parts', String(PARTS), '--filter', '[0-9]*.mp4', '--filter', 'dance/*');
    const first = await work('shares', '--shard', '0/2');
    assert.equal(first.code, 0, first.stderr);
    const parts = first.events.filter(({ event }) => event === 'part-done').map(({ part }) => part);
    assert.deepEqual(parts, [0, 2, 4]);
    await refused(['merge', scratch.path('shares')], 1, /2 of 5 parts cannot be joined yet/);
    assert.equal((await work('shares', '--shard', '1/2')).code, 0);
    const { samples } = await mergedContent('shares');
    assert.deepEqual(samples, whole.samples);
    const lists = (await readdir(scratch.path('shares/plan'))).find((name) => name.startsWith('lists-')) ?? ''; // prettier-ignore
    const list = await readFile(scratch.path(`shares/plan/${lists}/00002.jsonl`), 'utf8');
    const ids = list.trim().split('\n').map((line) => (JSON.parse(line) as { id: string }).id); // prettier-ignore
    const part = await avme(['preprocess', scratch.path('videos'), '--cache', scratch.path('old'), '--shard', '2/5', '--json', ...OPTIONS, '--filter', '[0-9]*.mp4', '--filter', 'dance/*']); // prettier-ignore
    assert.equal(part.events[0]?.['total'], ids.length);
  });

  it('survive workers that are killed, and one that is frozen until its part is made again', async () => {
    await plan('chaos', '--parts', '6', '--filter', '[0-9]*.mp4', '--filter', 'dance/*');
    const patience = ['--patience', '2'];
    const [killed, frozen] = [begin('chaos', ...patience), begin('chaos', ...patience)];
    const [killedEnd, frozenEnd] = [once(killed, 'exit'), once(frozen, 'exit')];
    await Promise.all([once(killed.stdout!, 'data'), once(frozen.stdout!, 'data')]);
    await setTimeout(400);
    killed.kill('SIGKILL');
    frozen.kill('SIGSTOP');
    await killedEnd;
    const steady = begin('chaos', ...patience);
    steady.stdout?.resume();
    const [code] = (await once(steady, 'exit')) as [number];
    assert.equal(code, 0);
    assert.equal((await status('chaos'))['done'], 6);
    frozen.stdout?.resume();
    frozen.kill('SIGCONT');
    assert.deepEqual(await frozenEnd, [0, null]);
    assert.deepEqual((await mergedContent('chaos')).samples, whole.samples);
    for (const name of (await readdir(scratch.path('chaos'))).filter((each) =>
      each.startsWith('part-'),
    ))
      // prettier-ignore
      assert.equal((await listAttempts(scratch.path(`chaos/${name}`))).length, 1);
  });

  it('make parts that have no videos as well, and so does preprocess --shard', async () => {
    const many = 40;
    await plan('sparse', '--parts', String(many), '--filter', '[0-9]*.mp4', '--filter', 'dance/*');
    const done = await work('sparse');
    assert.equal(done.events.at(-1)?.['parts'], many, done.stderr);
    assert.deepEqual((await mergedContent('sparse')).samples, whole.samples);
    const empty = done.events.find((event) => event['event'] === 'part-done' && event['videos'] === 0)?.['part']; // prettier-ignore
    const filters = ['--filter', '[0-9]*.mp4', '--filter', 'dance/*'];
    const part = await avme(['preprocess', scratch.path('videos'), '--cache', scratch.path('sparse2'), '--shard', `${String(empty)}/${many}`, ...OPTIONS, ...filters]); // prettier-ignore
    assert.equal(part.code, 0, part.stderr);
  });

  it('are watched by Prometheus', async () => {
    const child = spawn(process.execPath, [AVME, 'status', scratch.path('all'), '--metrics', '0', '--json']); // prettier-ignore
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    const text = await (await fetch(url)).text();
    assert.match(text, /^# TYPE avme_parts gauge\navme_parts 5$/m);
    assert.match(text, /^avme_parts_done 5$/m);
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  it('say what is wrong, and what would be right', async () => {
    await refused(['work', scratch.path('whole')], 1, /there is no plan in .*whole; make one with avme plan SOURCE --cache/); // prettier-ignore
    await refused(['status', scratch.path('nothing')], 1, /there is no plan in/);
    await refused(['plan', scratch.path('videos'), '--cache', scratch.path('all'), ...OPTIONS, '--parts', '7'], 1, /--parts: got 7, but the plan in .* has 5 parts/); // prettier-ignore
    await refused(['plan', scratch.path('videos'), '--cache', scratch.path('all'), ...OPTIONS, '--clips', '3'], 1, /has a plan with other settings;[^]*clips: cache has 2, asked for 3/); // prettier-ignore
    await refused(['plan', scratch.path('videos'), '--cache', scratch.path('x'), '--parts', 'few'], 2, /--parts: got "few"/); // prettier-ignore
  });
});
