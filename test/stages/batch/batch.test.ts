import assert from 'node:assert/strict';
import type { ClipShape, Sample } from '../../../cache/records.js';
import { augmentOptions } from '../../../stages/augment/augment.js';
import { assembleBatch, standardizeMfcc, type BatchOptions } from '../../../stages/batch/batch.js';

const shape: ClipShape = {
  frames: 4,
  size: 8,
  storeSize: 8,
  square: true,
  positions: 4,
  mfccFrames: 2,
  cepstra: 3,
};
const options: BatchOptions = {
  shape,
  imageSize: 8,
  slots: 2,
  augment: augmentOptions.parse({ crop: 'none' }),
  statistics: { mean: [1, 2, 0], std: [2, 1, 0] },
};

function sampleOf(key: string, value: number, audioPresent: boolean): Sample {
  return {
    header: {
      key,
      height: 8,
      width: 8,
      flags: { audioPresent, substituted: 0, held: 0, warnings: [] },
    },
    frames: new Uint8Array(4 * 8 * 8 * 3).fill(value),
    mask: Uint8Array.of(1, 1, 1, 0),
    mfcc: Float32Array.of(3, 3, 5, 1, 2, 5),
  } as unknown as Sample;
}

const half = () => 0.5;

describe('batch', () => {
  it('lays clips one after the other, with the tokens of their own masks', () => {
    const batch = assembleBatch(
      7,
      [
        {
          sample: sampleOf('a', 10, true),
          mask: Uint8Array.of(1, 0, 1, 1),
          draw: half,
          drawOther: () => half,
        },
        {
          sample: sampleOf('b', 20, false),
          mask: Uint8Array.of(0, 1, 1, 1),
          draw: half,
          drawOther: () => half,
        },
      ],
      options,
    );
    assert.equal(batch.position, 7);
    assert.deepEqual(batch.keys, ['a', 'b']);
    assert.equal(batch.video.length, 2 * 4 * 8 * 8 * 3);
    assert.deepEqual([batch.video[0], batch.video.at(-1)], [10, 20]);
    assert.deepEqual([...batch.visible], [1, 5, 0, 4]);
    assert.deepEqual([...batch.masked], [0, 2, 3, 4, 6, 7, 1, 2, 3, 5, 6, 7]);
    assert.deepEqual([...batch.audioPresent], [1, 0]);
    assert.deepEqual([...batch.mfcc.subarray(6)], [0, 0, 0, 0, 0, 0], 'no sound stays zero');
  });

  it('standardises each cepstrum, and does not divide by a deviation of zero', () => {
    const out = new Float32Array(6);
    standardizeMfcc(Float32Array.of(3, 3, 0, 1, 2, 0), options.statistics, out);
    assert.deepEqual([...out], [1, 1, 0, 0, 0, 0]);
    standardizeMfcc(Float32Array.of(1, 2, 5, 1, 2, 5), options.statistics, out);
    assert.ok(out.every(Number.isFinite));
  });

  it('refuses masks that leave different numbers of tokens visible', () => {
    assert.throws(
      () =>
        assembleBatch(
          0,
          [
            {
              sample: sampleOf('a', 1, true),
              mask: Uint8Array.of(1, 0, 0, 1),
              draw: half,
              drawOther: () => half,
            },
            {
              sample: sampleOf('b', 1, true),
              mask: Uint8Array.of(1, 1, 0, 1),
              draw: half,
              drawOther: () => half,
            },
          ],
          options,
        ),
      /one ratio/,
    );
  });

  it('scales stored frames to the size that the model takes', () => {
    const drawn = [
      {
        sample: sampleOf('a', 77, true),
        mask: Uint8Array.of(1, 0, 1, 1),
        draw: half,
        drawOther: () => half,
      },
    ];
    const batch = assembleBatch(0, drawn, { ...options, imageSize: 4 });
    assert.equal(batch.video.length, 4 * 4 * 4 * 3);
    assert.ok(batch.video.every((value) => value === 77));
  });
});
