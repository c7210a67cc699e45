import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { onBackend } from '../../../support/backends.js';

onBackend('webgpu', 'small tensors on their way to the GPU', () => {
  it('arrive as they are, of any type and size', async () => {
    for (const size of [1, 3, 4096, 4097]) {
      const numbers = Array.from({ length: size }, (_, i) => i - 1);
      const floats = numbers.map((value) => value / 4);
      assert.deepEqual([...(await tf.neg(tf.tensor1d(floats)).data())], floats.map((value) => -value)); // prettier-ignore
      const doubled = tf.mul(tf.tensor1d(numbers, 'int32'), tf.scalar(2, 'int32'));
      assert.deepEqual([...(await doubled.data())], numbers.map((value) => 2 * value)); // prettier-ignore
      const flags = numbers.map((value) => value % 3 === 0);
      const not = tf.logicalNot(tf.tensor1d(flags, 'bool'));
      assert.deepEqual([...(await not.data())], flags.map((flag) => (flag ? 0 : 1))); // prettier-ignore
    }
  });

  it('overtake no work that has not been submitted', async () => {
    let sum: tf.Tensor = tf.zeros([8]);
    for (let i = 1; i <= 200; i++) {
      const next = tf.add(sum, tf.mul(tf.fill([8], 1), tf.scalar(i)));
      sum.dispose();
      sum = next;
    }
    assert.deepEqual([...(await sum.data())], new Array(8).fill(20_100));
  });
});
