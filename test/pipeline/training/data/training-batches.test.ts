import { modelConfig } from '../../../../model/model-config.js';
import assert from 'node:assert/strict';
import { openCache, type CacheReader } from '../../../../cache/reader.js';
import { openCacheWriter } from '../../../../cache/writer.js';

import {
  cachedMaskRatio,
  trainingLoader,
} from '../../../../pipeline/training/data/training-batches.js';
import { tokenOrder } from '../../../../stages/mask/tube-mask.js';
import type { ClipBatch } from '../../../../stages/batch/batch.js';
import type { LoaderOptions } from '../../../../stages/load/options.js';
import { makeSample, OPTIONS, useFolder } from '../../../cache/support.js';

/** Clips of 4 frames of 8 pixels, 16 positions of which 12 are masked. */
const SHAPE = {
  frames: 4,
  size: 8,
  storeSize: 8,
  square: true,
  positions: 16,
  mfccFrames: 8,
  cepstra: 3,
};
const CONFIG = modelConfig.parse({
  ...{ frames: 4, imageSize: 8, patch: 2, width: 8, depth: 1, heads: 1, mfccFrames: 8, cepstra: 3 },
  ...{ decoderWidth: 8, decoderHeads: 1 },
});
const SAMPLES = 10;
const DRAW = {
  seed: 3,
  batch: 4,
  mask: 'epoch',
  maskRatio: 0.75,
  augment: { crop: 'multi-scale', flip: 0.5 },
  workers: 1,
} as const;

/** A sample with a mask of its own, 12 of 16 positions masked. */
function sampleOf(number: number) {
  const mask = Uint8Array.from({ length: 16 }, (_, i) => ((i + number) % 4 === 0 ? 0 : 1));
  return { ...makeSample(number, SHAPE), mask };
}

describe('training batches', () => {
  const folder = useFolder();
  let reader: CacheReader;

  beforeEach(async () => {
    const writer = await openCacheWriter(folder(), { ...OPTIONS, shape: SHAPE });
    for (let i = 0; i < SAMPLES; i++) await writer.put(sampleOf(i));
    await writer.seal();
    reader = await openCache(folder());
  });
  afterEach(() => reader.close());

  /** Batches of the steps from `from` to `to`, copied. */
  async function batches(from: number, to: number, more: Partial<LoaderOptions> = {}) {
    const options = { ...DRAW, sources: [{ reader }], ...more };
    const loader = trainingLoader(CONFIG, options, 'learn');
    const all: ClipBatch[] = [];
    try {
      for await (const batch of loader.batches(from * options.batch, to * options.batch)) {
        const { position, keys } = batch;
        const [video, visible, masked] = [batch.video.slice(), batch.visible.slice(), batch.masked.slice()]; // prettier-ignore
        const [mfcc, audioPresent] = [batch.mfcc.slice(), batch.audioPresent.slice()];
        batch.release();
        all.push({ position, keys, video, visible, masked, mfcc, audioPresent });
      }
    } finally {
      await loader.close();
    }
    return all;
  }
  const keysOf = (all: readonly ClipBatch[]) => all.flatMap(({ keys }) => [...keys]);
  /** The visible tokens of each clip. */
  const masksOf = (all: readonly ClipBatch[]) =>
    all.flatMap(
      ({ keys, visible }) =>
      keys.map((_, i) => visible.slice((i * visible.length) / keys.length, ((i + 1) * visible.length) / keys.length).join()), // prettier-ignore
    );

  it('are a pure function of the step: beginning anywhere gives the same ones, to the byte', async () => {
    const straight = await batches(0, 6);
    assert.equal(straight.length, 6);
    for (const from of [1, 2, 5]) assert.deepEqual(await batches(from, 6), straight.slice(from));
    assert.deepEqual(
      straight.map(({ position }) => position),
      [0, 4, 8, 12, 16, 20],
    );
  });

  for (const batch of [1, 3, 4, 7, 25])
    it(`show every sample exactly once an epoch, ${batch} a batch`, async () => {
      const shown = keysOf(await batches(0, Math.ceil((3 * SAMPLES) / batch), { batch }));
      const everything = Array.from({ length: SAMPLES }, (_, i) => `key-${i}`).sort();
      const epochs = [0, 1, 2].map((i) => shown.slice(i * SAMPLES, (i + 1) * SAMPLES));
      for (const epoch of epochs) assert.deepEqual([...epoch].sort(), everything);
      assert.notDeepEqual(epochs[0], epochs[1]);
    });

  it('do not depend on the size of the batch but for where it is cut', async () => {
    const [some, others] = [await batches(0, 5, { batch: 4 }), await batches(0, 4, { batch: 5 })];
    assert.deepEqual(keysOf(some), keysOf(others));
    assert.deepEqual(masksOf(some), masksOf(others));
  });

  it('draw a new mask for a clip in each epoch, the same for the same seed', async () => {
    const masks = async (more: Partial<LoaderOptions>) => {
      const all = await batches(0, 2, { batch: SAMPLES, ...more });
      const byKey = all.map(
        (batch) => new Map(batch.keys.map((key, i) => [key, masksOf([batch])[i]])),
      );
      return byKey as [Map<string, string>, Map<string, string>];
    };
    const [first, second] = await masks({});
    const changed = [...first].filter(([key, mask]) => second.get(key) !== mask);
    assert.ok(changed.length >= SAMPLES - 1, `${changed.length} masks changed`);
    assert.ok(new Set(first.values()).size > SAMPLES / 2, 'clips have masks of their own');
    assert.deepEqual(await masks({}), [first, second]);
    const [otherSeed] = await masks({ seed: 4 });
    assert.notDeepEqual(otherSeed, first);
  });

  it('mask the share that is asked for', async () => {
    const [batch] = await batches(0, 1, { maskRatio: 0.5 });
    // 4 clips of 2 slots of 8 positions each.
    assert.deepEqual([batch!.visible.length, batch!.masked.length], [64, 64]);
  });

  it('have the masks of the cache where these are asked for', async () => {
    for (const batch of await batches(0, 5, { mask: 'cached' })) {
      const wanted = batch.keys.map((key) =>
        tokenOrder(sampleOf(Number(key.slice(4))).mask, 2).visible.join(),
      );
      assert.deepEqual(masksOf([batch]), wanted);
    }
  });

  it('say of each clip whether it has sound', async () => {
    for (const batch of await batches(0, 5)) {
      const wanted = batch.keys.map((key) => (Number(key.slice(4)) % 5 === 0 ? 0 : 1));
      assert.deepEqual([...batch.audioPresent], wanted);
    }
  });

  it('take the paper’s ratio where the cache’s configuration has none', () => {
    assert.equal(cachedMaskRatio(reader), 0.9);
  });
});
