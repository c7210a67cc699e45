import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  denormalizeTubelets,
  patchify,
  tubeletMoments,
  unpatchify,
  normalizePixels,
  normalizeTubelets,
} from '../../../model/layers/patch.js';
import { onEachBackend } from '../../support/backends.js';
import { relativeError } from '../../support/golden.js';

const sizes = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  slots: fc.integer({ min: 1, max: 3 }),
  tubelet: fc.integer({ min: 1, max: 3 }),
  side: fc.integer({ min: 1, max: 3 }),
  patch: fc.integer({ min: 1, max: 4 }),
});

onEachBackend('tubelets', () => {
  it('hold the pixels they stand for, and become the video again', () => {
    fc.assert(
      fc.property(sizes, ({ batch, slots, tubelet, side, patch }) => {
        const layout = { tubelet, patch };
        const [frames, size] = [slots * tubelet, side * patch];
        const pixelAt = (b: number, frame: number, y: number, x: number, channel: number) =>
          (((b * frames + frame) * size + y) * size + x) * 3 + channel;
        const expected: number[] = [];
        for (let b = 0; b < batch; b++)
          for (let token = 0; token < slots * side * side; token++)
            for (let value = 0; value < tubelet * patch * patch * 3; value++) {
              const slot = Math.floor(token / side ** 2);
              const [row, column] = [Math.floor(token / side) % side, token % side];
              const frame = Math.floor(value / (patch * patch * 3));
              const [y, x] = [Math.floor(value / (patch * 3)) % patch, Math.floor(value / 3) % patch]; // prettier-ignore
              expected.push(pixelAt(b, slot * tubelet + frame, row * patch + y, column * patch + x, value % 3)); // prettier-ignore
            }
        tf.tidy(() => {
          const video = tf.reshape(tf.range(0, batch * frames * size * size * 3), [batch, frames, size, size, 3]); // prettier-ignore
          const tubelets = patchify(video, layout);
          assert.deepEqual(tubelets.shape, [batch, slots * side * side, tubelet * patch ** 2 * 3]);
          assert.deepEqual([...tubelets.dataSync()], expected);
          const back = unpatchify(tubelets, layout, frames, size);
          assert.deepEqual(back.shape, video.shape);
          assert.deepEqual(back.dataSync(), video.dataSync());
        });
      }),
      { numRuns: 40 },
    );
  });

  it('normalised have mean 0 and unbiased deviation 1 a channel, and can be undone', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 48, maxLength: 48 });
    fc.assert(
      fc.property(numbers, (pixels) => {
        tf.tidy(() => {
          const tubelets = tf.div(tf.tensor3d(pixels, [1, 2, 24]), 255);
          const normalised = normalizeTubelets(tubelets);
          const values = normalised.dataSync();
          for (let token = 0; token < 2; token++)
            for (let channel = 0; channel < 3; channel++) {
              const at = Array.from({ length: 8 }, (_, i) => token * 24 + i * 3 + channel);
              const mean = at.reduce((sum, i) => sum + values[i]!, 0) / 8;
              const variance = at.reduce((sum, i) => sum + (values[i]! - mean) ** 2, 0) / 7;
              const flat = new Set(at.map((i) => pixels[i])).size === 1;
              assert.ok(Math.abs(mean) < (flat ? 0.1 : 1e-4), `mean ${mean}`);
              if (!flat) assert.ok(Math.abs(variance - 1) < 2e-3, `variance ${variance}`);
            }
          const back = denormalizeTubelets(normalised, tubeletMoments(tubelets));
          const difference = tf.max(tf.abs(tf.sub(back, tubelets))).dataSync()[0]!;
          assert.ok(difference < 1e-6);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('of one colour stay finite', () => {
    const values = normalizeTubelets(tf.fill([1, 1, 24], 0.5)).dataSync();
    assert.deepEqual([...values], new Array(24).fill(0));
  });

  it('pixels take ImageNet’s mean to 0 and one deviation to 1', () => {
    const [mean, deviation] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ] as const;
    const video = [...mean, ...mean.map((m, i) => m + deviation[i]!)].map((v) => 255 * v);
    const out = normalizePixels(tf.tensor2d(video, [2, 3])).dataSync();
    assert.ok(
      relativeError(
        [...out].map((v) => v + 1),
        [1, 1, 1, 2, 2, 2],
      ) < 1e-6,
    );
    const bytes = normalizePixels(tf.tensor2d([0, 128, 255], [1, 3], 'int32')).dataSync();
    assert.ok(relativeError(bytes, mean.map((m, i) => ([0, 128 / 255, 1][i]! - m) / deviation[i]!)) < 1e-6); // prettier-ignore
  });
});
