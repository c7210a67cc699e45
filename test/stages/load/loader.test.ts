import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { openCache, type CacheReader } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { placeInEpoch, epochOrder } from '../../../cache/order/order.js';
import { assembleBatch } from '../../../stages/batch/batch.js';
import { drawFor } from '../../../stages/load/workers/clip-writer.js';
import { Loader } from '../../../stages/load/loader.js';
import { OPTIONS, useFolder } from '../../cache/support.js';
import { clipsOf, DRAW, load, makeCache, sampleOf, SHAPE, show, withLoader } from './support.js';

const SAMPLES = 10;

describe('loader', function () {
  this.timeout(60_000);
  const folder = useFolder();
  let reader: CacheReader;

  beforeEach(async () => {
    reader = await makeCache(folder(), 0, SAMPLES);
  });
  afterEach(() => reader.close());
  const sources = () => [{ reader }];

  it('loads what the formulas say', async () => {
    const batches = await load({ sources: sources(), workers: 1 }, 0, 24);
    assert.equal(batches.length, 6);
    for (const { position, keys, video, visible, masked, mfcc, audioPresent } of batches) {
      const drawn = Array.from({ length: 4 }, (_, i) => {
        const { epoch, position: at } = placeInEpoch(SAMPLES, position + i);
        return drawFor(reader.sample(epochOrder(SAMPLES, DRAW.seed, epoch)(at)), epoch, DRAW);
      });
      const { augment } = DRAW;
      const statistics = reader.manifest.statistics.mfcc;
      const options = { shape: SHAPE, imageSize: 8, slots: 2, augment, statistics };
      const wanted = assembleBatch(position, drawn, options);
      assert.deepEqual({ position, keys, video, visible, masked, mfcc, audioPresent }, wanted);
    }
  });

  it('gives the same sequence from any place on, with any number of threads and slots', async () => {
    const straight = await load({ sources: sources(), workers: 0 }, 0, 48);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 11 }),
        fc.integer({ min: 1, max: 4 }),
        async (workers, begin, slots) => {
          const rest = await load({ sources: sources(), workers, slots }, begin * 4, 48);
          assert.deepEqual(rest, straight.slice(begin));
        },
      ),
      { numRuns: process.env['AVME_LONG'] === '1' ? 100 : 8 },
    );
  });

  it('goes on with another number of threads where one stopped in the middle of an epoch', async () => {
    const straight = clipsOf(await load({ sources: sources(), workers: 2 }, 0, 60));
    const taken = await withLoader({ sources: sources(), workers: 3 }, async (loader) => {
      const first: string[] = [];
      for await (const batch of loader.batches(0)) {
        first.push(...batch.keys);
        batch.release();
        if (first.length >= 24) break;
      }
      return first;
    });
    const rest = clipsOf(await load({ sources: sources(), workers: 1, batch: 6 }, 24, 60));
    assert.deepEqual([...taken, ...rest.map(({ key }) => key)], straight.map(({ key }) => key)); // prettier-ignore
    assert.deepEqual(rest, straight.slice(24));
  });

  it('goes by blocks of shards if asked: each rank reads shards of its own', async () => {
    const whole = join(folder(), 'many');
    const writer = await openCacheWriter(whole, { ...OPTIONS, shape: SHAPE, shardBytes: 1 });
    for (let i = 0; i < 12; i++) await writer.put(sampleOf(i));
    await writer.seal();
    const many = await openCache(whole);
    try {
      // One sample a shard.
      assert.equal(many.manifest.shards.length, 12);
      const order = { kind: 'blocks', streams: 4, block: 2 } as const;
      const given = { sources: [{ reader: many }], workers: 0, batch: 2, order, world: 2 };
      const epochs = await Promise.all(
        [0, 1].map((rank) => load({ ...given, rank, workers: rank }, 0, 24)),
      );
      const keys = epochs.map((batches) => batches.flatMap((batch) => batch.keys));
      for (const list of keys) {
        assert.equal(new Set(list).size, 6);
        assert.notDeepEqual(list.slice(0, 6), list.slice(6));
      }
      assert.equal(new Set(keys.flat()).size, 12);
      // Of a chosen few, each once; and not as in the order of all.
      const indices = [1, 3, 5, 7, 9, 11];
      const some = clipsOf(await load({ ...given, world: 1, sources: [{ reader: many, indices }] }, 0, 6)); // prettier-ignore
      assert.deepEqual(
        some.map(({ key }) => key).sort(),
        indices.map((index) => many.entry(index).key).sort(),
      );
    } finally {
      await many.close();
    }
  });

  it('shares an epoch out among ranks, and ends with fewer clips where there are no more', async () => {
    const ranks = [0, 1, 2].map((rank) =>
      load({ sources: sources(), workers: 1, batch: 2, rank, world: 3 }, 0, SAMPLES),
    );
    const shown = await Promise.all(ranks);
    const sizes = shown.map((batches) => batches.map(({ keys }) => keys.length));
    assert.deepEqual(sizes, [[2, 2], [2, 1], [2, 1]]); // prettier-ignore
    const keys = shown.flatMap((batches) => batches.flatMap((batch) => batch.keys)).sort();
    assert.deepEqual(keys, Array.from({ length: SAMPLES }, (_, i) => `key-${i}`).sort());
    const alone = clipsOf(await load({ sources: sources(), workers: 0 }, 0, SAMPLES));
    for (const clip of shown.flatMap(clipsOf))
      assert.deepEqual(
        clip,
        alone.find(({ key }) => key === clip.key),
      );
  });

  it('lends no more batches than it has slots, and fills one again only once it is released', () =>
    withLoader({ sources: sources(), workers: 2, slots: 2 }, async (loader) => {
      const batches = loader.batches(0);
      const [first, second] = [await batches.next(), await batches.next()];
      assert.ok(first.value && second.value);
      const before = first.value.video.slice();
      const third = batches.next();
      assert.equal(await Promise.race([third, setTimeout(100, 'none')]), 'none');
      assert.deepEqual(first.value.video, before);
      second.value.release();
      assert.equal((await third).value?.position, 8);
      assert.deepEqual(first.value.video, before, 'what is still lent stays as it is');
    }));

  it('does not give away what was released, and takes a release only once', () =>
    withLoader({ sources: sources(), workers: 0, slots: 1 }, async (loader) => {
      const batches = loader.batches(0);
      const { value: batch } = await batches.next();
      assert.ok(batch);
      batch.release();
      batch.release();
      assert.throws(() => batch.video, /the batch at place 0 was released/);
      assert.throws(() => batch.mfcc, /was released/);
      const { value: next } = await batches.next();
      assert.equal(next?.position, 4);
      next[Symbol.dispose]();
      assert.throws(() => next.visible, /was released/);
    }));

  it('can be left and taken up again, one at a time', () =>
    withLoader({ sources: sources(), workers: 2 }, async (loader) => {
      const straight = await show(loader, 0, 32);
      for await (const batch of loader.batches(0)) {
        await assert.rejects(loader.batches(0).next(), /being taken already/);
        batch.release();
        break;
      }
      assert.deepEqual(await show(loader, 12, 32), straight.slice(3));
    }));

  it('leaves no thread and no open file behind', async () => {
    const threads = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort');
    const files = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);
    // The first thread of a process makes it open files that stay.
    await load({ sources: sources(), workers: 1 }, 0, 8);
    const before = [threads().length, files()];
    for (let i = 0; i < 3; i++) await load({ sources: sources(), workers: 3 }, 0, 40);
    const loader = new Loader({ ...DRAW, sources: sources(), batch: 4, workers: 3 });
    await loader.close();
    await loader.close();
    assert.deepEqual([threads().length, files()], before);
  });

  it('takes masks of the cache where these are asked for, and refuses others than were announced', async () => {
    const given = { sources: sources(), mask: 'cached', workers: 1 } as const;
    for (const { keys, visible } of await load(given, 0, 12)) {
      const wanted = keys.flatMap((key) => {
        const { mask } = sampleOf(Number(key.slice(4)));
        return Array.from({ length: 32 }, (_, token) => token).filter((token) => mask[token % 16] === 0); // prettier-ignore
      });
      assert.deepEqual([...visible], wanted);
    }
    await assert.rejects(load({ ...given, maskRatio: 0.5 }, 0, 4), /hides 12 of 16 positions/);
  });

  it('reads a cache that is still being written', async () => {
    const other = join(folder(), 'live');
    const writer = await openCacheWriter(other, { ...OPTIONS, shape: SHAPE });
    for (let i = 0; i < SAMPLES; i++) await writer.put(sampleOf(i));
    const live = await openCache(other);
    try {
      assert.equal(live.recordPlace(0), undefined);
      const both = await load({ sources: [{ reader: live }], workers: 2 }, 0, 40);
      assert.deepEqual(clipsOf(both), clipsOf(await load({ sources: sources(), workers: 1 }, 0, 40))); // prettier-ignore
    } finally {
      await live.close();
      await writer.seal();
    }
  });

  it('says so when a thread fails', async () => {
    const [{ path } = { path: '' }] = [reader.recordPlace(0)];
    await rm(path);
    await assert.rejects(load({ sources: sources(), workers: 2 }, 0, 8), /ENOENT.*shard-00000/);
  });

  it('says so when a thread ends by itself', () =>
    withLoader({ sources: sources(), workers: 2, slots: 1 }, async (loader) => {
      const batches = loader.batches(0);
      await batches.next();
      await loader['pool']?.['threads'][0]?.terminate();
      await assert.rejects(batches.next(), /a thread of the loader ended by itself with code 1/);
    }));

  it('stops when it is told to, with the reason of the signal', async () => {
    const abort = new AbortController();
    await withLoader({ sources: sources(), workers: 2, slots: 1, signal: abort.signal }, async (loader) => {
      const batches = loader.batches(0);
      await batches.next();
      const waiting = assert.rejects(batches.next(), { name: 'AbortError' });
      abort.abort();
      await waiting;
    }); // prettier-ignore
    const given = { sources: sources(), workers: 1, signal: abort.signal };
    await assert.rejects(load(given, 0, 4), { name: 'AbortError' });
    await withLoader({ sources: sources(), workers: 1 }, async (loader) => {
      await loader.close();
      await assert.rejects(loader.batches(0).next(), /the loader is closed/);
    });
  });

  it('refuses options that make no sense', () => {
    const open = (given: object) => new Loader({ ...DRAW, sources: sources(), batch: 4, ...given });
    assert.throws(() => open({ sources: [] }), /no cache to load from/);
    assert.throws(() => open({ batch: 0 }), /batch is 0; it must be a whole number, 1 to 65535/);
    assert.throws(() => open({ workers: 1.5 }), /workers is 1.5/);
    assert.throws(() => open({ rank: 2, world: 2 }), /rank is 2; .* 0 to 1/);
    assert.throws(() => open({ tubelet: 3 }), /4 frames are no whole tubelets of 3/);
    assert.throws(() => open({ maskRatio: 1 }), /a mask ratio of 1/);
    assert.throws(() => open({ sources: [{ reader, indices: [] }] }), /parts of 0 samples/);
  });
});
