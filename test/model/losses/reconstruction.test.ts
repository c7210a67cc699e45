import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { meanSquaredError } from '../../../model/losses/reconstruction.js';
import { onEachBackend } from '../../support/backends.js';

onEachBackend('mean squared error', () => {
  it('is right over the millions of values of a real batch, and so is its gradient', () => {
    // Two clips of ViT at mask ratio 0.9. Equal values are the worst there is for a sum in float32:
    // all its roundings go the same way. In one go, it is off by 2 % here.
    const shape = [2, 1408, 1536];
    const prediction = tf.fill(shape, 1.1);
    const target = tf.zeros(shape);
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => meanSquaredError(x, target))(prediction); // prettier-ignore
    assert.deepEqual(value.shape, []);
    assert.ok(Math.abs(value.dataSync()[0]! / 1.21 - 1) < 1e-4, `${value.dataSync()[0]!}`);
    const slope = (2 * 1.1) / (2 * 1408 * 1536);
    for (const reduce of [tf.min, tf.max])
      assert.ok(Math.abs(reduce(grad).dataSync()[0]! / slope - 1) < 1e-5);
  });
});
