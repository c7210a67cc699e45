import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { trace } from '../../../engine/xla/trace.js';
import { relativeError } from '../../support/golden.js';
import { onBackend } from '../../support/backends.js';
import { useXla } from './jaxlib.js';

type Work = () => tf.Tensor | tf.Tensor[];

onBackend('wasm', 'operations in a program for XLA against TensorFlow.js', () => {
  const run = useXla();
  const values = (size: number, at = 0) =>
    Float32Array.from({ length: size }, (_, i) => Math.sin(3 * i + at) + 0.1 * at);

  it('give the same numbers', async () => {
    const x = tf.tensor3d(values(24), [2, 3, 4]);
    const y = tf.tensor3d(values(24, 1), [2, 3, 4]);
    const row = tf.tensor1d(values(4, 2));
    const square = tf.tensor3d(values(32, 3), [2, 4, 4]);
    const indices = tf.tensor1d([5, 0, 3], 'int32');
    const image = tf.tensor4d(values(2 * 6 * 8 * 3), [2, 6, 8, 3]);
    const filter = tf.tensor4d(values(3 * 3 * 3 * 4, 5), [3, 3, 3, 4]);
    const rows = () => tf.reshape(x, [6, 4]);
    const positive = () => tf.add(tf.abs(x), 0.5);
    const works: Record<string, Work> = {
      arithmetic: () => [tf.add(x, row), tf.sub(x, y), tf.mul(x, row), tf.div(x, y), tf.pow(positive(), y)],
      comparison: () => [tf.maximum(x, y), tf.minimum(x, 0.25), tf.cast(tf.greaterEqual(x, y), 'float32'), tf.where(tf.less(x, y), x, 0)],
      functions: () => [tf.exp(x), tf.log(positive()), tf.sqrt(positive()), tf.rsqrt(positive()), tf.erf(tf.mul(x, 4)), tf.sigmoid(x), tf.relu(x), tf.tanh(x)],
      rounding: () => [tf.floor(tf.mul(x, 5)), tf.round(tf.mul(x, 5)), tf.abs(x), tf.neg(x), tf.sign(x)],
      wholeNumbers: () => [tf.floorDiv(indices, tf.scalar(2, 'int32')), tf.cast(tf.mul(x, 5), 'int32'), tf.addN([indices, indices])],
      limits: () => [tf.clipByValue(x, -0.5, 0.25), tf.cast(tf.logicalAnd(tf.greater(x, 0), tf.less(y, 1)), 'int32')],
      sums: () => [tf.sum(x), tf.sum(x, 1), tf.sum(x, [0, 2], true), tf.mean(x, -1), tf.mean(x, [0, 1], true), tf.sum(tf.greater(x, 0))],
      extremes: () => [tf.max(x, 1), tf.min(x), tf.prod(x, 2), tf.argMax(x, -1), tf.argMax(x, 0)],
      logic: () => [tf.cast(tf.all(tf.greater(x, -2), 1), 'int32'), tf.cast(tf.any(tf.greater(x, 0.9)), 'int32')],
      softmax: () => [tf.softmax(x), tf.logSoftmax(x)],
      movement: () => [tf.transpose(x, [2, 0, 1]), tf.reshape(x, [4, 6]), tf.expandDims(x, 1), tf.concat([x, y], 1), tf.stack([x, y], 1), tf.reverse(x, 0), tf.reverse(x, [1, 2]), tf.tile(x, [1, 2, 3])],
      parts: () => [...tf.split(x, 2, 2), ...tf.split(x, [1, 2], 1), tf.slice(x, [0, 1, 2], [2, -1, 1]), tf.slice(x, 1), tf.pad(x, [[0, 0], [1, 2], [0, 1]], 7)],
      making: () => [tf.add(tf.range(0, 4), x), tf.oneHot(tf.range(1, 4, 1, 'int32'), 5), tf.add(tf.ones([2, 3, 4]), x), tf.zerosLike(x), tf.onesLike(x), tf.fill([2, 2], 3), tf.broadcastTo(row, [3, 4])],
      products: () => [tf.matMul(rows(), tf.tensor2d(values(12), [4, 3])), tf.matMul(rows(), rows(), false, true), tf.matMul(rows(), rows(), true), tf.matMul(x, square), tf.matMul(y, x, false, true), tf.matMul(x, y, true)],
      rows: () => [tf.gather(rows(), indices), tf.gather(x, tf.tensor2d([0, 2, 1, 1], [2, 2], 'int32'), 1), tf.scatterND(tf.reshape(indices, [3, 1]), tf.slice(rows(), [0, 0], [3, 4]), [6, 4])],
      convolutions: () => [tf.conv2d(image, filter, 1, 'same'), tf.conv2d(image, filter, [2, 1], 'valid'), tf.conv2d(image, filter, 1, [[0, 0], [1, 1], [2, 2], [0, 0]], 'NHWC', [1, 2])],
    }; // prettier-ignore
    const inputs = { x, y, row, square, indices, image, filter };
    const all = () =>
      Object.fromEntries(
        Object.entries(works).flatMap(([name, work]) =>
          [work()].flat().map((tensor, i) => [`${name} ${i}`, tensor] as const),
        ),
      );
    const expected = all();
    const program = trace({ inputs, work: all });
    assert.deepEqual(program.results.map(({ name, type }) => [name, type.shape]), Object.entries(expected).map(([name, { shape }]) => [name, shape])); // prettier-ignore
    const given = Object.fromEntries(
      await Promise.all(Object.entries(inputs).map(async ([name, tensor]) => [name, await tensor.data()] as const)),
    ); // prettier-ignore
    const [results] = run(program, [given]);
    for (const [name, tensor] of Object.entries(expected)) {
      const error = relativeError(results![name]!, tensor.dataSync());
      assert.ok(error < 2e-6, `${name}: ${error}\n${results![name]!.join()}\n${tensor.dataSync().join()}`); // prettier-ignore
    }
  });
});
