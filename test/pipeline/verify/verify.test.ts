import assert from 'node:assert/strict';
import { copyFile, cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mergeCaches } from '../../../cache/merge/merge.js';
import { openCache } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { partFolder } from '../../../cache/merge/parts.js';
import { readManifest, writeManifest } from '../../../cache/manifest/manifest.js';
import { readTrees } from '../../../cache/shard/tree.js';
import { sumsOf } from '../../../cache/manifest/statistics.js';
import { verifyCache } from '../../../pipeline/verify/verify.js';
import { makeSample, OPTIONS, SHAPE } from '../../cache/support.js';
import { digestOf, expectSamples, flip, put, range, useVerifiedCache, verify } from './support.js';

const GOLDEN_V1 = fileURLToPath(new URL('../../../../test/golden/cache-v1', import.meta.url));

describe('verification', function () {
  this.timeout(60_000);
  const { folder, cache, shard, entries, rowOf } = useVerifiedCache();

  it('finds nothing in a good cache: sealed, unsealed, empty, of schema 1', async () => {
    for (const options of [{ jobs: 1 }, { jobs: 3, deep: true }]) {
      const { good, bad, damaged, events, interrupted } = await verify(cache(), options);
      assert.deepEqual([good, bad, damaged, interrupted], [9, 0, 0, false]);
      assert.equal(events[0]?.event, 'start');
      const last = events.at(-1);
      assert.ok(last?.event === 'progress' && last.done === 9 && last.bytes === last.totalBytes);
    }
    await put(cache(), [20, 21], false);
    assert.deepEqual([(await verify(cache(), { deep: true })).good], [11]);
    const empty = join(folder(), 'empty');
    await put(empty, []);
    assert.deepEqual([(await verify(empty)).good], [0]);
    const old = await verify(GOLDEN_V1, { deep: true });
    assert.deepEqual([old.good, old.bad, old.damaged], [6, 0, 0]);
  });

  it('passes over a shard that is being written', async () => {
    const writer = await openCacheWriter(cache(), OPTIONS);
    await writer.put(makeSample(30));
    const { good, bad, events } = await verify(cache());
    assert.deepEqual([good, bad], [9, 0]);
    assert.deepEqual(events[1], { event: 'skipped', shard: 'shards/shard-00002.lmdb' });
    await writer.close();
  });

  it('names a bad record and a bad header, and drops them and nothing else', async () => {
    await flip(shard(0), (await rowOf(3)).recordAt + 500);
    await flip(shard(1), (await rowOf(7)).headerAt + 50);
    const found = await verify(cache());
    assert.deepEqual(
      [found.good, found.bad, found.dropped, found.keys],
      [7, 2, 0, ['key-3', 'key-7']],
    );
    const {
      id,
      clip,
      label,
      shard: file,
      problem,
    } = found.bads.find(({ key }) => key === 'key-3')!;
    assert.deepEqual(
      [id, clip, label, file],
      ['class-0/3.mp4', 1, null, 'shards/shard-00000.lmdb'],
    );
    assert.match(problem, /checksum does not match/);
    const names = [
      'shard-00000.lmdb',
      'shard-00001.lmdb',
      'shard-00000.index.json',
      'shard-00001.index.json',
    ];
    const before = await Promise.all(names.map((name) => digestOf(join(cache(), 'shards', name))));
    assert.equal((await verify(cache(), { drop: true })).dropped, 2);
    const after = await Promise.all(names.map((name) => digestOf(join(cache(), 'shards', name))));
    assert.deepEqual(after, before);
    await expectSamples(cache(), [0, 1, 2, 4, 5, 6, 8]);
    assert.deepEqual([(await verify(cache())).bad, (await verify(cache())).good], [0, 7]);
    // What is dropped is missing for the next run, and is made again.
    await put(cache(), range(0, 9));
    await expectSamples(cache(), range(0, 9));
    assert.equal((await verify(cache(), { deep: true })).good, 9);
  });

  it('finds every sample bad where the shard is that of another cache', async () => {
    const other = join(folder(), 'other');
    await put(other, range(100, 106));
    const { bytes } = (await readManifest(other))!.shards[0]!;
    await copyFile(join(other, 'shards/shard-00000.lmdb'), shard(0));
    assert.equal(bytes, (await entries())[0]!.bytes);
    await assert.rejects(openCache(cache()), /is damaged, or belongs to another cache/);
    const { good, bad } = await verify(cache());
    assert.deepEqual([good, bad], [3, 6]);
  });

  it('finds statistics that are not those of the samples, and sets them right', async () => {
    const manifest = (await readManifest(cache()))!;
    const sums = { ...manifest.shards[0]!.sums!, audioPresent: 3 };
    const shards = manifest.shards.map((entry, i) => (i === 0 ? { ...entry, sums } : entry));
    for (const [wrong, message] of [
      [{ ...manifest, statistics: { ...manifest.statistics!, audioPresent: 1 } }, /the statistics/],
      [{ ...manifest, shards }, /the sums of shards\/shard-00000/],
    ] as const) {
      await writeManifest(cache(), wrong);
      const { files } = await verify(cache(), { drop: true });
      assert.deepEqual([files.length, files[0]?.file], [1, 'manifest.json']);
      assert.match(files[0]?.problem ?? '', message);
      assert.deepEqual(await readManifest(cache()), manifest);
    }
  });

  it('compares sums with arrays only when it is asked to look deep', async () => {
    const other = join(folder(), 'other');
    const writer = await openCacheWriter(other, OPTIONS);
    const sample = makeSample(1);
    await writer.put(sample, sumsOf({ ...sample, frames: sample.frames.map(() => 1) }, SHAPE));
    await writer.put(makeSample(2));
    await writer.seal();
    assert.equal((await verify(other)).bad, 0);
    const { keys, bads } = await verify(other, { deep: true });
    assert.deepEqual(keys, ['key-1']);
    assert.match(bads[0]!.problem, /sums in its header are not those of its pixels/);
  });

  it('finds spectra that are not those of their sums, or are no numbers', async () => {
    const other = join(folder(), 'spectra');
    const shape = { ...SHAPE, melBands: 4 };
    const writer = await openCacheWriter(other, { ...OPTIONS, shape });
    const wrong = (change: (value: number, i: number) => number, number: number) => {
      const sample = makeSample(number, shape);
      return [{ ...sample, mel: sample.mel!.map(change) }, sumsOf(sample, shape)] as const;
    };
    await writer.put(...wrong((value) => value + 1, 1));
    await writer.put(...wrong((value, i) => (i === 2 ? NaN : value), 2));
    await writer.put(makeSample(3, shape));
    await writer.seal();
    const problems = async (deep: boolean) => (await verify(other, { deep })).bads.map(({ problem }) => problem); // prettier-ignore
    assert.deepEqual(await problems(false), ['its log-mel spectrum holds NaN or infinite values']);
    assert.match((await problems(true)).join(), /sums in its header are not those of its log-mel/);
  });

  it('drops nothing when it is interrupted, or when the cache was written meanwhile', async () => {
    await flip(shard(0), (await rowOf(3)).recordAt + 500);
    const controller = new AbortController();
    const { interrupted, dropped } = await verifyCache({
      cache: cache(),
      options: { jobs: 1, drop: true },
      signal: controller.signal,
      onEvent: ({ event }) => {
        if (event === 'progress') controller.abort();
      },
    });
    assert.deepEqual([interrupted, dropped], [true, 0]);
    const writer = await openCacheWriter(cache(), OPTIONS);
    await assert.rejects(verify(cache(), { drop: true }), /is being written by process/);
    await writer.close();
    const old = (await readManifest(cache()))!;
    const racing = verifyCache({
      cache: cache(),
      options: { jobs: 1, drop: true },
      onEvent: ({ event }) => {
        // Before the last chunk comes back, another run has added to the cache.
        if (event === 'start') changed = put(cache(), [40]);
      },
    });
    let changed: Promise<void> = Promise.resolve();
    await assert.rejects(racing, /written (while it was verified|by process)/);
    await changed;
    assert.equal((await readManifest(cache()))!.samples, old.samples + 1);
  });

  it('reads a cache of schema 1, and does not write it', async () => {
    const old = join(folder(), 'old');
    await cp(GOLDEN_V1, old, { recursive: true });
    const reader = await openCache(old);
    const { path, offset } = reader.recordPlace(reader.find('key-5')!)!;
    await reader.close();
    await flip(path, offset + 300);
    assert.deepEqual((await verify(old)).keys, ['key-5']);
    const before = await readFile(join(old, 'manifest.json'));
    await assert.rejects(verify(old, { drop: true }), /made by an earlier avme \(cache schema 1\)/);
    assert.deepEqual(await readFile(join(old, 'manifest.json')), before);
  });

  it('verifies a joined cache, and drops from it alone, not from its parts', async () => {
    const whole = join(folder(), 'whole');
    const parts = [0, 1].map((index) => join(whole, partFolder({ index, count: 2 })));
    await put(parts[0]!, range(0, 4));
    await put(parts[1]!, range(3, 8));
    await mergeCaches(whole, parts);
    const merged = await verify(whole, { deep: true });
    assert.deepEqual([merged.good, merged.bad, merged.damaged], [8, 0, 0]);
    const path = join(parts[1]!, 'shards/shard-00000.lmdb');
    await flip(path, readTrees(path).samples.get('key-5')!.offset + 300);
    const { keys, bads } = await verify(whole, { drop: true });
    assert.deepEqual(
      [keys, bads[0]?.shard],
      [['key-5'], 'part-00001-of-00002/shards/shard-00000.lmdb'],
    );
    await expectSamples(whole, [0, 1, 2, 3, 4, 6, 7]);
    assert.deepEqual((await verify(parts[1]!)).keys, ['key-5']);
    // A part that is lost is left out as a whole.
    await rm(parts[0]!, { recursive: true });
    // Sample 3 is in both; the joined cache has it from one of them.
    const { missing } = await verify(whole, { drop: true });
    await expectSamples(whole, missing === 4 ? [4, 6, 7] : [3, 4, 6, 7]);
  });
});
