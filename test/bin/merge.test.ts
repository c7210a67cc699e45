import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listAttempts } from '../../cache/parts/attempt-name.js';
import { openCache } from '../../cache/reader.js';
import { readQuarantine } from '../../cache/quarantine.js';
import type { Sample } from '../../cache/records.js';
import { samplesOf } from '../cache/support.js';
import { avme, refused } from '../support/cli.js';
import { makeVideo, scratchFolder } from '../support/media.js';

const scratch = scratchFolder();
const OPTIONS = '--frames 4 --stride 2 --size 32 --patch 8 --mask-ratio 0.75 --clips 2'.split(' ');
const VIDEOS = 9;
const PARTS = 3;

const preprocess = (cache: string, ...more: string[]) =>
  avme(['preprocess', scratch.path('videos'), '--cache', scratch.path(cache), '--json', ...OPTIONS, ...more]); // prettier-ignore

async function contentOf(cache: string): Promise<Map<string, Sample>> {
  const reader = await openCache(scratch.path(cache));
  const samples = samplesOf(reader);
  await reader.close();
  return samples;
}

/** What is in quarantine but for when it came there. */
const quarantined = async (cache: string) =>
  (await readQuarantine(scratch.path(cache)))
    .map(({ time, ...record }) => ({ ...record, time: typeof time }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

describe('avme preprocess --shard and avme merge', function () {
  this.timeout(120_000);
  const parts = Array.from({ length: PARTS }, (_, i) => `all/part-0000${i}-of-00003`);

  before(async () => {
    const folder = scratch.path('videos');
    await mkdir(folder);
    for (let i = 0; i < VIDEOS; i++)
      await makeVideo(join(folder, `${i}.mp4`), {
        picture: `testsrc2=s=64x48:r=25,hue=h=${i * 30}`,
        sound: i % 3 === 0 ? null : `sine=f=${200 + i}:r=16000`,
        seconds: 1 + i / 4,
        output: ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
      });
    await copyFile(join(folder, '0.mp4'), join(folder, 'same as 0.mp4'));
    await writeFile(join(folder, 'broken.mp4'), 'this is no video');
    await writeFile(join(folder, 'empty.mp4'), '');
  });

  it('make together what one process makes, key by key and byte by byte', async () => {
    const one = await preprocess('one');
    assert.equal(one.code, 0, one.stderr);
    const runs = await Promise.all(parts.map((_, i) => preprocess('all', '--shard', `${i}/3`)));
    assert.deepEqual(runs.map(({ code }) => code), [0, 0, 0]); // prettier-ignore
    const totals = runs.map(({ events }) => Number(events[0]?.['total']));
    assert.equal(totals.reduce((sum, total) => sum + total, 0), VIDEOS + 3); // prettier-ignore
    assert.ok(Math.max(...totals) < VIDEOS + 3);

    await refused(['inspect', scratch.path('all')], 1, /holds parts that are not joined; join them with avme merge/); // prettier-ignore
    const { code, events, stderr } = await avme(['merge', scratch.path('all'), '--json']);
    assert.equal(code, 0, stderr);
    const { shards, bytes, duplicates, ...done } = events.at(-1)!;
    assert.deepEqual(done, { event: 'done', parts: 3, samples: 2 * VIDEOS, quarantined: 2, unfinished: 0, pruned: 0 }); // prettier-ignore
    assert.ok(Number(shards) <= 3 && Number(bytes) > 0);
    // The two files of one content may be in one part or in two.
    assert.ok([0, 2].includes(Number(duplicates)));
    assert.equal(events.filter(({ event }) => event === 'duplicate').length, duplicates);

    assert.deepEqual(await contentOf('all'), await contentOf('one'));
    assert.deepEqual(await quarantined('all'), await quarantined('one'));
    const manifest = async (cache: string) =>
      JSON.parse(await readFile(scratch.path(`${cache}/manifest.json`), 'utf8')) as object;
    const [joined, single] = [await manifest('all'), await manifest('one')];
    assert.deepEqual({ ...joined, shards: 0, digest: 0 }, { ...single, shards: 0, digest: 0 });
  });

  it('give a cache like any other: it is verified, and run again adds nothing', async () => {
    const verified = await avme(['verify', scratch.path('all'), '--deep']);
    assert.equal(verified.code, 0, verified.stderr);
    const again = await preprocess('all');
    assert.equal(again.events.at(-1)?.['written'], 0, again.stderr);
    const text = await avme(['merge', scratch.path('all')]);
    assert.match(text.stdout, /^joined 3 parts: 18 samples in \d shards, [\d.]+ .iB; \d were there twice, 2 videos are in quarantine$/m); // prettier-ignore
  });

  it('do not pass for whole when one was stopped, though it is sealed', async () => {
    const part = scratch.path(parts[2]!);
    await rm(part, { recursive: true });
    const args = ['preprocess', scratch.path('videos'), '--cache', scratch.path('all'), '--shard', '2/3', '--jobs', '1', ...OPTIONS]; // prettier-ignore
    // It says how many videos it has, and is told to stop.
    const stopped = await avme([...args, '--json'], { kill: { signal: 'SIGTERM', afterLines: 1 } });
    assert.equal(stopped.code, 130, stopped.stderr);
    const [attempt = ''] = await listAttempts(part);
    assert.equal((await openCache(join(part, attempt))).manifest.sealed, true);
    await refused(['merge', scratch.path('all')], 1, /part-00002-of-00003 is not finished: its run was stopped; run it again/); // prettier-ignore
    assert.equal((await avme(args)).code, 0);
    assert.equal((await avme(['merge', scratch.path('all')])).code, 0);
    assert.deepEqual(await contentOf('all'), await contentOf('one'));
  });

  it('say what is wrong, and what would be right', async () => {
    await refused(['preprocess', scratch.path('videos'), '--cache', scratch.path('all'), '--shard', '0/3', '--size', '48', '--patch', '8'], 1, /made with other settings[^]*size: cache has 32, asked for 48/); // prettier-ignore
    await refused(['preprocess', scratch.path('videos'), '--cache', scratch.path('all'), '--shard', '3/3'], 2, /--shard: got "3\/3"; must be like 0\/16/); // prettier-ignore
    await refused(['merge', scratch.path('videos')], 1, /holds no parts, folders like part-00000-of-00004/); // prettier-ignore
    await rm(scratch.path(parts[1]!), { recursive: true });
    await refused(['merge', scratch.path('all')], 1, /1 of 3 parts cannot be joined yet:\n {2}.*part-00001-of-00003 is missing/); // prettier-ignore
    const { stdout, code } = await avme(['merge', scratch.path('all'), '--partial']);
    assert.equal(code, 0);
    assert.match(stdout, /^not whole: .*part-00001-of-00003 is missing/m);
    await mkdir(scratch.path('all/part-00000-of-00002'));
    await refused(['merge', scratch.path('all')], 1, /holds parts of 2 and of 3; name those to join/); // prettier-ignore
  });
});

describe('avme preprocess with a selection', function () {
  this.timeout(60_000);

  it('by a glob says nothing of how Node came by it', async () => {
    const { stderr, events } = await preprocess('quiet', '--filter', '0.*');
    assert.equal(stderr, '');
    assert.equal(events[0]?.['kind'], 'folder');
  });

  it('of a list of which half is missing tells of a few, and counts the rest', async () => {
    const list = scratch.path('half.csv');
    const lines = Array.from({ length: 12 }, (_, i) => `gone-${i}.mp4 1`);
    await writeFile(list, ['videos/0.mp4 0', ...lines].join('\n'));
    const { stdout, code } = await avme(['preprocess', list, '--cache', scratch.path('half'), ...OPTIONS]); // prettier-ignore
    assert.equal(code, 0);
    assert.match(stdout, /^13 videos \(csv\)$/m);
    assert.equal(stdout.match(/^quarantined .*gone-\d+\.mp4: the file does not exist$/gm)?.length, 5); // prettier-ignore
    assert.match(stdout, /^… further ones of this cause are counted/m);
    assert.match(stdout, /^12 videos: the file does not exist; quarantine\.jsonl in the cache names them$/m); // prettier-ignore
    assert.equal((await quarantined('half')).length, 12);
  });

  it('is extended by another one: they are no part of what the cache is', async () => {
    const limited = await preprocess('grown', '--limit', '2');
    assert.equal(limited.events.at(-1)?.['written'], 4, limited.stderr);
    const filtered = await preprocess('grown', '--filter', '[0-4].mp4', '--limit', '4');
    assert.equal(filtered.events.at(-1)?.['written'], 4, filtered.stderr);
    assert.equal(filtered.events.at(-1)?.['skipped'], 4);
  });
});
