import * as tf from '@tensorflow/tfjs-core';
import { tensorflowDevice } from '../backends/tensorflow/tensorflow.js';
import { useBackend } from '../backend.js';

/** Fails when two numbers differ by more than float32 explains. */
function same(what: string, got: number, expected: number): void {
  if (!(Math.abs(got - expected) <= 1e-4 * Math.max(1, Math.abs(expected))))
    throw new Error(`${what} is ${got}, expected ${expected}`);
}

await useBackend('tensorflow');
// A linear map, a convolution and a gradient through both: sums that are known without computing them.
const x = tf.ones<tf.Rank.R4>([1, 8, 8, 3]);
const loss = (kernel: tf.Tensor4D) =>
  tf.sum<tf.Scalar>(tf.square(tf.conv2d(x, kernel, 1, 'valid')));
const { value, grad } = tf.valueAndGrad((kernel) => loss(kernel as tf.Tensor4D))(
  tf.ones([3, 3, 3, 2]),
);
same('a convolution', value.dataSync()[0] ?? NaN, 6 * 6 * 2 * 27 ** 2);
same('its gradient', grad.dataSync()[0] ?? NaN, 36 * 2 * 27);
const SIDE = 2048;
const matrix = tf.fill([SIDE, SIDE], 0.5);
let seconds = Infinity;
for (let i = 0; i < 4; i++) {
  const start = performance.now();
  same('a product', tf.matMul(matrix, matrix).dataSync()[SIDE + 1] ?? NaN, SIDE / 4);
  seconds = Math.min(seconds, (performance.now() - start) / 1000);
}
process.stdout.write(
  `${JSON.stringify({ ...tensorflowDevice(), gflops: Math.round((2 * SIDE ** 3) / seconds / 1e9) })}\n`,
);
