import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { drawsOnDevice, UNIFORM_KERNEL } from '../../../../engine/ops/dropout.js';
import { philoxUniform } from '../../../../engine/ops/philox.js';
import { onBackend } from '../../../support/backends.js';

onBackend('webgpu', 'uniform numbers drawn on the GPU', () => {
  for (const [first, second] of [
    [123456789, -5],
    [0, 0],
    [-2147483648, 2147483647],
  ] as const)
    it(`are those of every other backend, for seed ${first}, ${second}`, async () => {
      assert.ok(drawsOnDevice());
      const seed = tf.tensor1d([first, second], 'int32');
      for (const shape of [[1], [5, 3, 7], [1025, 3]]) {
        const size = tf.util.sizeFromShape(shape);
        const drawn = tf.engine().runKernel<tf.Tensor>(UNIFORM_KERNEL, { seed }, { shape });
        assert.deepEqual(drawn.shape, shape);
        assert.deepEqual(await drawn.data(), philoxUniform(size, [first, second]));
      }
    });
});
