import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { gatherTokens } from '../../../engine/ops/gather.js';
import { onEachBackend } from '../../support/backends.js';

const caseOf = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    tokens: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 5 }),
  })
  .chain((sizes) => {
    const all = Array.from({ length: sizes.tokens }, (_, i) => i);
    return fc.integer({ min: 1, max: sizes.tokens }).chain((picked) => {
      const some = fc.shuffledSubarray(all, { minLength: picked, maxLength: picked });
      const clips = { minLength: sizes.batch, maxLength: sizes.batch };
      return fc.array(some, clips).map((indices) => ({ ...sizes, picked, indices }));
    });
  });

onEachBackend('token gather', () => {
  it('picks each clip’s tokens in the order asked for, and spreads gradients back', () => {
    fc.assert(
      fc.property(caseOf, ({ batch, tokens, width, picked, indices }) => {
        const valueAt = (b: number, token: number, k: number) =>
          (b * tokens + token) * width + k + 1;
        const expected: number[] = [];
        const gradient = new Array<number>(batch * tokens * width).fill(0);
        indices.forEach((row, b) => {
          for (const token of row)
            for (let k = 0; k < width; k++) {
              gradient[valueAt(b, token, k) - 1] = expected.length + 1;
              expected.push(valueAt(b, token, k));
            }
        });
        tf.tidy(() => {
          const x = tf.reshape(tf.range(1, batch * tokens * width + 1), [batch, tokens, width]);
          const chosen = tf.tensor2d(indices, [batch, picked], 'int32');
          const out = gatherTokens(x, chosen);
          assert.deepEqual(out.shape, [batch, picked, width]);
          assert.deepEqual([...out.dataSync()], expected);
          const dy = tf.reshape(tf.range(1, batch * picked * width + 1), [batch, picked, width]);
          const dx = tf.grad((y: tf.Tensor) => gatherTokens(y, chosen))(x, dy);
          assert.deepEqual(dx.shape, x.shape);
          assert.deepEqual([...dx.dataSync()], gradient);
        });
      }),
      { numRuns: 60 },
    );
  });
});
