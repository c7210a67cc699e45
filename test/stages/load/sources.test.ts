import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache, type CacheReader } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { selectSamples } from '../../../cache/subset.js';
import { augmentClip } from '../../../stages/augment/augment.js';
import type { LoaderSource } from '../../../stages/load/options.js';
import { makeSample, OPTIONS, useFolder } from '../../cache/support.js';
import { clipsOf, load, makeCache, sampleOf, SHAPE, show, withLoader } from './support.js';

describe('loader, several caches and parts of them', function () {
  this.timeout(60_000);
  const folder = useFolder();
  let first: CacheReader;
  let second: CacheReader;

  beforeEach(async () => {
    first = await makeCache(join(folder(), 'a'), 0, 6);
    second = await makeCache(join(folder(), 'b'), 6, 10);
  });
  afterEach(() => Promise.all([first.close(), second.close()]));

  it('joins caches into one epoch', async () => {
    const given = { sources: [{ reader: first }, { reader: second }], workers: 2, batch: 5 };
    for (const epoch of [0, 1]) {
      const shown = await load(given, epoch * 10, (epoch + 1) * 10);
      const keys = shown.flatMap((batch) => batch.keys);
      assert.deepEqual(keys.sort(), Array.from({ length: 10 }, (_, i) => `key-${i}`).sort());
    }
  });

  it('mixes them by weight, the same with any number of threads', async () => {
    const sources = [{ reader: first, weight: 1 }, { reader: second, weight: 3 }]; // prettier-ignore
    const [one, other] = [await load({ sources, workers: 0 }, 0, 64), await load({ sources, workers: 2 }, 0, 64)]; // prettier-ignore
    assert.deepEqual(one, other);
    assert.equal(one.flatMap((batch) => batch.sources).filter((source) => source === 1).length, 48);
  });

  it('standardises sound by the statistics of the cache that it is from', async () => {
    const soundOf = async (sources: LoaderSource[]) => {
      const batches = await load({ sources, workers: 1 }, 0, 40);
      const { keys = [], mfcc } = batches.find((batch) => batch.keys.includes('key-7')) ?? {};
      const at = keys.indexOf('key-7') * 24;
      return mfcc?.slice(at, at + 24);
    };
    const alone = await soundOf([{ reader: second }]);
    assert.ok(alone?.some((value) => value !== 0));
    const mixed = await soundOf([{ reader: first, weight: 1 }, { reader: second, weight: 1 }]); // prettier-ignore
    assert.deepEqual(mixed, alone);
  });

  it('takes parts of a cache, and shows them as often as they are repeated, never the same way twice', async () => {
    const indices = selectSamples(first, { splits: ['train'] });
    const given = { sources: [{ reader: first, indices, repeat: 3 }], workers: 1, batch: 3 };
    const clips = clipsOf(await load(given, 0, 9));
    assert.deepEqual(clips.map(({ key }) => key).sort(), ['key-0', 'key-0', 'key-0', 'key-2', 'key-2', 'key-2', 'key-4', 'key-4', 'key-4']); // prettier-ignore
    assert.equal(new Set(clips.map(({ video }) => video.join())).size, 9);
  });

  it('decodes lossy frames, the same with any number of threads', async () => {
    const store = { format: 'jpeg', quality: 90 } as const;
    const writer = await openCacheWriter(join(folder(), 'lossy'), { ...OPTIONS, configuration: { ...OPTIONS.configuration, store: store.format }, shape: SHAPE, store }); // prettier-ignore
    for (let i = 0; i < 6; i++) await writer.put(sampleOf(i));
    await writer.seal();
    const lossy = await openCache(join(folder(), 'lossy'));
    assert.equal(lossy.stored(0).frames.format, 'jpeg');
    const given = { sources: [{ reader: lossy }], augment: { crop: 'none', flip: 0 } } as const;
    const [alone, others] = [await load({ ...given, workers: 0 }, 0, 24), await load({ ...given, workers: 3 }, 0, 24)]; // prettier-ignore
    assert.deepEqual(others, alone);
    for (const { key, video } of clipsOf(alone)) {
      const sample = await lossy.read(lossy.find(key) ?? -1);
      const { height, width } = sample.header;
      const geometry = { height, width, size: 8, outSize: 8 };
      const wanted = new Uint8Array(video.length);
      augmentClip(sample.frames, geometry, given.augment, () => 0.5, wanted);
      assert.deepEqual(video, wanted);
    }
    await lossy.close();
  });

  it('refuses caches that do not go together, naming what differs', async () => {
    const shape = { ...SHAPE, frames: 6, cepstra: 4 };
    const writer = await openCacheWriter(join(folder(), 'c'), { ...OPTIONS, shape });
    await writer.put(makeSample(1, shape));
    await writer.seal();
    const other = await openCache(join(folder(), 'c'));
    await assert.rejects(
      load({ sources: [{ reader: first }, { reader: other }] }, 0, 4),
      /cache 2 does not go together with the first: frames is 6, not 4, cepstra is 4, not 3/,
    );
    await other.close();
  });
});

describe('loader, damaged records', function () {
  this.timeout(60_000);
  const folder = useFolder();
  const readers: CacheReader[] = [];
  afterEach(() => Promise.all(readers.splice(0).map((reader) => reader.close())));

  /** A cache of ten samples of which some have a byte changed in the middle of their frames. */
  async function damaged(...numbers: number[]): Promise<CacheReader> {
    const reader = await makeCache(join(folder(), 'damaged'), 0, 10);
    readers.push(reader);
    for (const number of numbers) {
      const place = reader.recordPlace(reader.find(`key-${number}`) ?? -1);
      assert.ok(place);
      const file = await open(place.path, 'r+');
      const at = place.offset + place.length - 500;
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
      await file.write(Buffer.of((buffer[0] ?? 0) ^ 4), 0, 1, at);
      await file.close();
    }
    return reader;
  }

  for (const workers of [0, 2])
    it(`stop it, named, with ${workers} threads`, async () => {
      const reader = await damaged(7);
      await assert.rejects(
        load({ sources: [{ reader }], workers }, 0, 12),
        /^CorruptRecordError: sample \d \(class-1\/7\.mp4, key key-7\) in .*shard-00000\.lmdb: the record is damaged: .*checksum.*; avme verify finds all/,
      );
    });

  it('are replaced by others of the same epoch, the same with any number of threads, and counted', async () => {
    const reader = await damaged(7, 2);
    const sources = [{ reader }];
    const shown = await Promise.all(
      [0, 1, 3].map((workers) =>
        withLoader({ sources, workers, onBadRecord: 'skip' }, async (loader) => {
          const batches = await show(loader, 0, 40);
          return { batches, report: loader.report() };
        }),
      ),
    );
    const [first] = shown;
    assert.ok(first);
    for (const { batches, report } of shown) {
      assert.deepEqual(batches, first.batches);
      assert.deepEqual(report.badRecords.map(({ key }) => key).sort(), ['key-2', 'key-7']);
      assert.match(report.badRecords[0]?.message ?? '', /checksum/);
      assert.equal(report.replaced, 8, 'two in each of four epochs');
    }
    const keys = first.batches.flatMap((batch) => batch.keys);
    assert.ok(!keys.includes('key-7') && !keys.includes('key-2'));
    for (let epoch = 0; epoch < 4; epoch++)
      assert.equal(new Set(keys.slice(epoch * 10, (epoch + 1) * 10)).size, 8);
  });

  it('change nothing at the places of others', async () => {
    const before = await makeCache(join(folder(), 'whole'), 0, 10);
    readers.push(before);
    const whole = clipsOf(await load({ sources: [{ reader: before }], workers: 1 }, 0, 40));
    const reader = await damaged(3);
    const clips = clipsOf(await load({ sources: [{ reader }], workers: 2, onBadRecord: 'skip' }, 0, 40)); // prettier-ignore
    whole.forEach((clip, i) => {
      if (clip.key !== 'key-3') assert.deepEqual(clips[i], clip);
    });
    // From another place on, before it is known which records are bad, it is the same sequence.
    const rest = clipsOf(await load({ sources: [{ reader }], workers: 1, onBadRecord: 'skip' }, 20, 40)); // prettier-ignore
    assert.deepEqual(rest, clips.slice(20));
  });

  it('are an error where nothing else is left', async () => {
    const reader = await damaged(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    await assert.rejects(
      load({ sources: [{ reader }], workers: 2, onBadRecord: 'skip' }, 0, 40),
      /none of the 10 samples can be read; run avme verify/,
    );
  });
});
