import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { estimateTable } from '../../../bin/commands/preprocess-estimate.js';
import { openCache } from '../../../cache/reader.js';
import { estimatePreprocess } from '../../../pipeline/preprocess/dry-run.js';
import { preprocess } from '../../../pipeline/preprocess/preprocess.js';
import type { PreprocessEvent } from '../../../pipeline/preprocess/tally.js';
import type { PreprocessInput } from '../../../pipeline/preprocess/options.js';
import { avme } from '../../support/cli.js';
import { makeVideo, scratchFolder } from '../../support/media.js';

const OPTIONS = { size: 64, jobs: 2 } as const;
const bytesOf = async (cache: string) => {
  const reader = await openCache(cache);
  await reader.close();
  return reader.manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0);
};
/** What is left of probes in the folder for temporary files. */
const leftOvers = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('avme-dry-run-')).length;

describe('a dry run', () => {
  const { path } = scratchFolder();
  const at = (name: string) => join(path('videos'), name);

  before(async () => {
    await mkdir(path('videos'));
    for (let i = 0; i < 10; i++) await makeVideo(at(`${i}.mp4`), { seconds: 1 + i / 10 });
    await writeFile(at('notes.txt'), 'no video');
    await writeFile(at('bad.mp4'), 'no video either');
  });

  const estimate = (cache: string, options: PreprocessInput = {}, source = path('videos')) =>
    estimatePreprocess({ source, cache: path(cache), options: { ...OPTIONS, ...options } });

  for (const store of ['raw', 'jpeg'] as const)
    it(`is near to what comes of it, and writes nothing where the cache is: ${store}`, async () => {
      const before = await leftOvers();
      const options = { ...OPTIONS, store };
      const said = await estimate('new', { store });
      await assert.rejects(stat(path('new')), { code: 'ENOENT' });
      assert.ok((await leftOvers()) <= before, 'the probe is removed');
      const { videos, ignored, missing, present, quarantined, pending, jobs } = said;
      assert.deepEqual(
        { videos, ignored, missing, present, quarantined, pending, jobs },
        { videos: 11, ignored: { '.txt': 1 }, missing: 0, present: 0, quarantined: 0, pending: 11, jobs: 2 }, // prettier-ignore
      );
      assert.equal(said.probe.videos, 8);
      assert.ok(said.seconds > 0 && said.freeBytes > 0);
      assert.equal(said.fits, said.bytes <= said.freeBytes);
      const done = await preprocess({ source: path('videos'), cache: path(store), options });
      assert.ok(Math.abs(said.clips - done.clips) <= 1, `${said.clips} for ${done.clips}`);
      const ratio = said.bytes / (await bytesOf(path(store)));
      assert.ok(ratio > 0.8 && ratio < 1.25, `${ratio} of what it was`);
    });

  it('sees what the cache has already, and leaves it as it is', async () => {
    await rm(at('notes.txt'));
    await preprocess({ source: path('videos'), cache: path('half'), options: OPTIONS });
    await makeVideo(at('new.mp4'), { picture: 'testsrc=s=160x120:r=25' });
    const manifest = await readFile(join(path('half'), 'manifest.json'), 'utf8');
    const said = await estimate('half');
    assert.deepEqual([said.videos, said.present, said.quarantined, said.pending, said.clips], [12, 10, 1, 1, 1]); // prettier-ignore
    assert.equal((await estimate('half', { retryFailed: true })).pending, 2);
    assert.equal(await readFile(join(path('half'), 'manifest.json'), 'utf8'), manifest);
    await preprocess({ source: path('videos'), cache: path('half'), options: OPTIONS });
    const nothing = await estimate('half');
    assert.deepEqual([nothing.pending, nothing.clips, nothing.bytes, nothing.probe.videos], [0, 0, 0, 0]); // prettier-ignore
    assert.match(estimateTable(nothing), /11 in the cache already; 1 in quarantine, left there\nto do +nothing$/); // prettier-ignore
    await rm(at('new.mp4'));
  });

  it('says which of the tried cannot be used, and how many have no file', async () => {
    const list = path('list.jsonl');
    const lines = ['videos/0.mp4', 'videos/bad.mp4', 'videos/gone.mp4'];
    await writeFile(list, lines.map((line) => `${JSON.stringify({ path: line })}\n`).join(''));
    const { missing, pending, probe, clips } = await estimate('new', {}, list);
    assert.deepEqual([missing, pending, clips], [1, 2, 1]);
    assert.equal(probe.quarantined.length, 1);
    assert.equal(probe.quarantined[0]?.path, at('bad.mp4'));
    assert.match(probe.quarantined[0].cause, /moov/);
  });

  it('refuses what the run would refuse', async () => {
    await assert.rejects(estimate('videos'), /is not empty and not an avme cache/);
    await assert.rejects(estimate('raw', { size: 48 }), /made with other settings[^]*size: cache has 64, asked for 48/); // prettier-ignore
    await assert.rejects(estimate('new', {}, path('nowhere')), /there is no folder or list/);
    await mkdir(path('empty'));
    await assert.rejects(estimate('new', {}, path('empty')), /there is no video in/);
  });

  it('can be stopped, and leaves nothing', async () => {
    const before = await leftOvers();
    const controller = new AbortController();
    const stopped = estimatePreprocess({
      source: path('videos'),
      cache: path('new'),
      options: OPTIONS,
      signal: controller.signal,
      onProbe() {
        controller.abort();
      },
    });
    await assert.rejects(stopped, { name: 'AbortError' });
    assert.ok((await leftOvers()) <= before);
  });

  it('is told to people and to machines', async () => {
    const args = ['preprocess', path('videos'), '--cache', path('new'), '--size', '64', '--dry-run']; // prettier-ignore
    const text = await avme(args);
    assert.match(text.stdout, /^source +11 videos\nto do +11 videos, about 1\d clips\ntried +8 videos in /m); // prettier-ignore
    assert.match(text.stdout, /^cache +about [\d.]+ MiB more, [\d.]+ KiB a clip\ndisk .*: enough\ntime +about /m); // prettier-ignore
    const json = await avme([...args, '--json']);
    assert.deepEqual(json.events.map(({ event }) => event), ['estimate']); // prettier-ignore
    await assert.rejects(stat(path('new')), { code: 'ENOENT' });
  });

  it('is not needed to be warned when clips cannot find room', async () => {
    // As many clips of 805 MB as no disk has room for.
    const list = path('huge.jsonl');
    const line = (i: number) => `${JSON.stringify({ path: `huge-${i}.mp4` })}\n`;
    await writeFile(list, Array.from({ length: 20_000 }, (_, i) => line(i)).join(''));
    // With none of them there, somebody should be asked for another folder.
    await writeFile(path('huge-0.mp4'), '');
    const controller = new AbortController();
    const events: PreprocessEvent[] = [];
    await preprocess({
      source: list,
      cache: path('huge'),
      options: { frames: 64, size: 1024, storeSize: 2048, clips: 64 },
      signal: controller.signal,
      onEvent(event) {
        events.push(event);
        if (event.event === 'space') controller.abort();
      },
    });
    const space = events.find((event) => event.event === 'space');
    assert.ok(space);
    // 20,000 · 64 · 64 · 2048² · 3 and what masks and sound take.
    assert.ok(space.bytes > 20_000 * 64 * 805_306_368 && space.bytes < 1.04e15);
    assert.ok(space.freeBytes > 0 && space.freeBytes < space.bytes);
  });
});
