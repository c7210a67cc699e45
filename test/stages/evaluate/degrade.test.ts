import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  blurFrame,
  coarsenFrame,
  degrade,
  degradeOptions,
  muted,
} from '../../../stages/evaluate/degrade.js';
import type { ClipBatch } from '../../../stages/batch/batch.js';

const SIZE = 12;
const frames = fc.uint8Array({ minLength: SIZE * SIZE * 3, maxLength: SIZE * SIZE * 3 });

describe('worse pictures', () => {
  it('a blur leaves a plain frame, and spreads a point as its Gaussian', () => {
    const plain = new Uint8Array(SIZE * SIZE * 3).fill(77);
    blurFrame(plain, SIZE, 2);
    assert.ok(plain.every((value) => value === 77));
    const point = new Uint8Array(31 * 31 * 3);
    point[(15 * 31 + 15) * 3 + 1] = 255;
    blurFrame(point, 31, 1);
    const at = (x: number, y: number, c: number) => point[(y * 31 + x) * 3 + c]!;
    // 255 / (2π σ²) · exp(−r² / 2σ²)
    for (const [dx, dy] of [[0, 0], [1, 0], [0, 1], [1, 1], [2, 0]] as const) // prettier-ignore
      assert.ok(Math.abs(at(15 + dx, 15 + dy, 1) - (255 / (2 * Math.PI)) * Math.exp(-(dx ** 2 + dy ** 2) / 2)) < 1); // prettier-ignore
    assert.equal(at(15, 15, 0) + at(15, 15, 2), 0);
  });

  it('a coarse frame has one value a block, their mean', () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 2, max: 7 }), (frame, factor) => {
        const coarse = frame.slice();
        coarsenFrame(coarse, SIZE, factor);
        for (let y = 0; y < SIZE; y++)
          for (let x = 0; x < SIZE; x++) {
            const [left, top] = [x - (x % factor), y - (y % factor)];
            assert.equal(coarse[(y * SIZE + x) * 3], coarse[(top * SIZE + left) * 3]);
          }
        const whole = SIZE % factor === 0;
        const mean = (pixels: Uint8Array) => pixels.reduce((sum, value) => sum + value, 0) / pixels.length; // prettier-ignore
        if (whole) assert.ok(Math.abs(mean(coarse) - mean(frame)) < 0.5);
      }),
    );
  });

  it('the batch itself stays as it is, and so does its sound', () => {
    const batch: ClipBatch = {
      ...{ position: 0, keys: ['a'], visible: new Int32Array(0), masked: new Int32Array(0) },
      video: Uint8Array.from({ length: 2 * SIZE * SIZE * 3 }, (_, i) => i * 31),
      ...{ mfcc: new Float32Array(6).fill(1), audioPresent: Float32Array.of(1) },
    };
    const before = structuredClone(batch);
    const worse = degrade(batch, SIZE, { blur: 1, lowRes: 2 });
    assert.deepEqual(batch, before);
    assert.notDeepEqual(worse.video, batch.video);
    assert.deepEqual({ ...worse, video: null }, { ...batch, video: null });
    const silent = muted(batch);
    assert.deepEqual([...silent.mfcc, ...silent.audioPresent], new Array(7).fill(0));
    assert.equal(silent.video, batch.video);
    assert.deepEqual(degrade(batch, SIZE, degradeOptions.parse({})), batch);
  });
});
