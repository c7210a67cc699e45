import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { onEachBackend } from '../../../support/backends.js';

const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
const side = fc.integer({ min: 1, max: 6 });

onEachBackend('gather', (backend) => {
  it('picks along any axis, with repeats and batches', () => {
    fc.assert(
      fc.property(
        fc.array(side, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.array(fc.nat(), { minLength: 1, maxLength: 9 }),
        (shape, anyAxis, anyRows) => {
          const axis = anyAxis % shape.length;
          const rows = anyRows.map((row) => row % shape[axis]!);
          const x = Float32Array.from({ length: size(shape) }, (_, i) => i + 0.5);
          const inner = size(shape.slice(axis + 1));
          const expected: number[] = [];
          for (let outer = 0; outer < size(shape.slice(0, axis)); outer++)
            for (const row of rows)
              for (let k = 0; k < inner; k++)
                expected.push(x[(outer * shape[axis]! + row) * inner + k]!);
          tf.tidy(() => {
            const out = tf.gather(tf.tensor(x, shape), tf.tensor1d(rows, 'int32'), axis);
            assert.deepEqual(out.shape, shape.with(axis, rows.length));
            assert.deepEqual([...out.dataSync()], expected);
          });
        },
      ),
    );
    tf.tidy(() => {
      const x = tf.tensor2d([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
      const picked = tf.gather(x, tf.tensor2d([[2, 0], [1, 1]], [2, 2], 'int32'), 1, 1); // prettier-ignore
      assert.deepEqual(picked.arraySync(), [[3, 1], [5, 5]]); // prettier-ignore
    });
  });

  it('refuses an index outside', function () {
    // The native backend has an answer of its own on a GPU: zeros.
    if (backend === 'tensorflow') this.skip();
    for (const row of [-1, 2])
      assert.throws(() => tf.gather(tf.zeros([2, 3]), tf.tensor1d([row], 'int32')), /index/);
  });
});
