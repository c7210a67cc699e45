import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { onBackend } from '../../../support/backends.js';

/** Products of small whole numbers are exact in float32. */
const matrix = (shape: [number, number], dtype: tf.NumericDataType) =>
  tf.tensor2d(
    Array.from({ length: shape[0] * shape[1] }, (_, i) => (i % 7) - 3),
    shape,
    dtype,
  );

onBackend('tensorflow', 'products of two matrices', () => {
  for (const dtype of ['float32', 'int32'] as const)
    for (const turnA of [false, true])
      for (const turnB of [false, true])
        it(`are sums of products: ${dtype}${turnA ? ', the first turned' : ''}${turnB ? ', the second turned' : ''}`, () => {
          const a = matrix(turnA ? [5, 3] : [3, 5], dtype);
          const b = matrix(turnB ? [4, 5] : [5, 4], dtype);
          const product = tf.matMul(a, b, turnA, turnB);
          const [rows, columns] = [turnA ? tf.transpose(a) : a, turnB ? tf.transpose(b) : b];
          const [left, right] = [rows.arraySync(), columns.arraySync()];
          const wanted = left.map((row) =>
            right[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * right[k]![j]!, 0)),
          );
          assert.deepEqual(product.arraySync(), wanted);
          assert.equal(product.dtype, dtype);
        });

  it('are left to the stock kernel in batches, which may be broadcast', () => {
    const [a, b] = [tf.ones([2, 3, 4]), tf.ones([1, 4, 5])];
    const product = tf.matMul(a, b);
    assert.deepEqual(product.shape, [2, 3, 5]);
    assert.ok(product.dataSync().every((value) => value === 4));
  });
});
