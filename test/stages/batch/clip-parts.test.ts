import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ClipShape, Sample } from '../../../cache/records.js';
import { assembleBatch, type BatchOptions } from '../../../stages/batch/batch.js';
import {
  checkParts,
  melStatistics,
  melTokens,
  type ClipParts,
} from '../../../stages/batch/clip-parts.js';
import { drawFor } from '../../../stages/load/workers/clip-writer.js';

const SHAPE: ClipShape = {
  ...{ frames: 5, size: 8, storeSize: 8, square: true, positions: 16 },
  ...{ mfccFrames: 16, cepstra: 2, melBands: 8 },
};
const PATCHES = (16 / 2) * (8 / 2);
const OPTIONS: BatchOptions = {
  ...{ shape: SHAPE, imageSize: 8, slots: 5, augment: { crop: 'none', flip: 0 } },
  statistics: { mean: [0, 0], std: [1, 1] },
  melStatistics: { mean: 10, std: 4 },
  parts: { frames: 'random', melPatch: 2 },
};

/** A sample whose frames are all of their own number. */
function sampleOf(key: string, audioPresent = true): Sample {
  const flags = { audioPresent, substituted: 0, held: 0, warnings: [] };
  const mel = Float32Array.from({ length: 128 }, (_, i) => (audioPresent ? 10 + i : 0));
  return {
    header: { key, height: 8, width: 8, flags },
    frames: Uint8Array.from({ length: 5 * 192 }, (_, i) => Math.floor(i / 192)),
    mask: Uint8Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? 0 : 1)),
    ...{ mfcc: new Float32Array(32), mel },
  } as unknown as Sample;
}

const draws = (seed: number, mask: 'epoch' | 'cached' = 'epoch') => ({ seed, mask, maskRatio: 0.75 }); // prettier-ignore

describe('one frame of a clip', () => {
  const one = (epoch: number, options: Partial<BatchOptions> = {}, key = 'a', mask: 'epoch' | 'cached' = 'epoch') =>
    assembleBatch(0, [drawFor(sampleOf(key), epoch, draws(1, mask))], { ...OPTIONS, ...options }); // prettier-ignore

  it('is drawn anew each time, and in the middle where that is asked for', () => {
    const frames = Array.from({ length: 60 }, (_, epoch) => one(epoch).video[0]!);
    assert.deepEqual([...new Set(frames)].sort(), [0, 1, 2, 3, 4]);
    assert.equal(one(3).video.length, 8 * 8 * 3);
    const middle: ClipParts = { frames: 'middle', melPatch: 2 };
    for (const epoch of [0, 1, 2]) assert.equal(one(epoch, { parts: middle }).video[0], 2);
  });

  it('has masks of its own for picture and sound: each hides its share, and each patch is as likely', () => {
    const hidden = new Float64Array(16 + PATCHES);
    const runs = 400;
    for (let epoch = 0; epoch < runs; epoch++) {
      const { visible, masked } = one(epoch);
      assert.deepEqual([...visible, ...masked].sort((a, b) => a - b), Array.from(hidden.keys()));
      assert.equal(masked.filter((token) => token < 16).length, 12);
      assert.equal(masked.filter((token) => token >= 16).length, (PATCHES * 3) / 4);
      for (const token of masked) hidden[token] = hidden[token]! + 1;
    }
    // Five deviations of a share of 0.75 in 400 draws are 0.11.
    assert.ok(hidden.every((count) => Math.abs(count / runs - 0.75) < 0.11));
  }); // prettier-ignore

  it('is a pure function of seed, epoch and sample', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.string({ minLength: 1 }), (epoch, key) => {
        assert.deepEqual(one(epoch, {}, key), one(epoch, {}, key));
      }),
      { numRuns: 30 },
    );
    assert.notDeepEqual(one(1).masked, one(2).masked);
    assert.notDeepEqual(one(1, {}, 'a').masked, one(1, {}, 'b').masked);
  });

  it('hides the same positions of the picture as tubes would, so that errors can be compared', () => {
    const drawn = drawFor(sampleOf('a'), 7, draws(1));
    assert.deepEqual(
      [...one(7).masked].filter((token) => token < 16),
      [...drawn.mask.keys()].filter((position) => drawn.mask[position] === 1),
    );
  });

  it('with the cache’s masks hides the same in every epoch, of the sound as well', () => {
    assert.deepEqual(one(1, {}, 'a', 'cached').masked, one(2, {}, 'a', 'cached').masked);
    assert.deepEqual([...one(1, {}, 'a', 'cached').visible].slice(0, 4), [0, 4, 8, 12]);
    assert.notDeepEqual(one(1, {}, 'a', 'cached').masked, one(1, {}, 'b', 'cached').masked);
  });

  it('comes with the spectrum standardised by two numbers; zeros where there is no sound', () => {
    const drawn = [drawFor(sampleOf('a'), 0, draws(1)), drawFor(sampleOf('b', false), 0, draws(1))]; // prettier-ignore
    const { mel } = assembleBatch(0, drawn, OPTIONS);
    assert.deepEqual(
      [...mel!.subarray(0, 128)],
      Array.from({ length: 128 }, (_, i) => i / 4),
    );
    assert.ok(mel!.subarray(128).every((value) => value === 0));
  });

  it('loses its sound to sound dropout, the spectrum too', () => {
    const augment = { crop: 'none', flip: 0, soundDropout: 1 } as const;
    const { mel, audioPresent } = one(0, { augment });
    assert.deepEqual([mel!.every((value) => value === 0), audioPresent[0]], [true, 0]);
  });
});

describe('all frames with a spectrum', () => {
  it('are masked by tubes, and have no tokens of the sound', () => {
    const parts: ClipParts = { frames: 'all', melPatch: 2 };
    const batch = assembleBatch(0, [drawFor(sampleOf('a'), 0, draws(1))], { ...OPTIONS, parts });
    assert.equal(batch.video.length, 5 * 8 * 8 * 3);
    assert.equal(batch.visible.length + batch.masked.length, 5 * 16);
    assert.equal(batch.mel!.length, 128);
  });
  it('are what a batch holds where nothing is said, without a spectrum', () => {
    const { parts, ...plain } = OPTIONS;
    assert.ok(parts);
    const batch = assembleBatch(0, [drawFor(sampleOf('a'), 0, draws(1))], plain);
    assert.equal(batch.mel, undefined);
    assert.equal(batch.visible.length + batch.masked.length, 5 * 16);
  });
});

describe('patches of a spectrum', () => {
  it('always leave something to see and something to make', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 1, max: 8 }), (hidden, columns) => {
        const shape = { ...SHAPE, mfccFrames: 2 * columns, melBands: 4 };
        const { patches, hidden: gone } = melTokens(shape, { frames: 'random', melPatch: 2 }, hidden);
        assert.equal(patches, 2 * columns);
        assert.ok(gone >= 1 && gone < patches);
        assert.ok(Math.abs(gone - (hidden / 16) * patches) <= 1);
      }),
    );
  }); // prettier-ignore

  it('must be there, and whole', () => {
    const wanted: ClipParts = { frames: 'random', melPatch: 2 };
    const { melBands, ...silent } = SHAPE;
    assert.equal(melBands, 8);
    assert.throws(() => { checkParts(silent, wanted); }, /no log-mel spectra.*--mel 128/); // prettier-ignore
    assert.throws(() => { checkParts({ ...SHAPE, melBands: 9 }, wanted); }, /does not divide/); // prettier-ignore
    checkParts(silent, { frames: 'all', melPatch: null });
  });
});

describe('the statistics of spectra', () => {
  it('are those of all values together', () => {
    // Bands of the values 1, 3 and 10, 14: mean 7, squares 1 + 9 + 100 + 196.
    const { mean, std } = melStatistics({ mean: [2, 12], std: [1, 2] })!;
    assert.equal(mean, 7);
    assert.ok(Math.abs(std - Math.sqrt(306 / 4 - 49)) < 1e-12);
    assert.equal(melStatistics(undefined), undefined);
    assert.ok(melStatistics({ mean: [3, 3], std: [0, 0] })!.std > 0);
  });
});
