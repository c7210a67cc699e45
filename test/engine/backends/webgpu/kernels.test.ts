import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { onBackend } from '../../../support/backends.js';

onBackend('webgpu', 'kernels in the place of stock ones', () => {
  // Small whole numbers: every sum and product is exact.
  const values = (shape: number[], shift: number) =>
    tf.tensor(Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => ((i + shift) % 7) + 1), shape); // prettier-ignore

  for (const count of [1, 2, 7, 8, 20])
    it(`adds ${count} tensors up, and holds none of the sums between`, async () => {
      const summands = Array.from({ length: count }, (_, i) => values([3, 2], i));
      const expected = Array.from({ length: 6 }, (_, at) =>
        summands.reduce((sum, _, i) => sum + ((at + i) % 7) + 1, 0),
      );
      const before = tf.engine().backend.numDataIds();
      const sum = tf.addN(summands);
      assert.deepEqual([...(await sum.data())], expected);
      // The sum of one is the one itself.
      assert.equal(tf.engine().backend.numDataIds(), before + (count > 1 ? 1 : 0));
    });

  const shape = [2, 1, 2, 2, 3];
  for (const [name, operation, of] of [
    ['adds', tf.add, (a: number, b: number) => a + b],
    ['subtracts', tf.sub, (a: number, b: number) => a - b],
    ['multiplies', tf.mul, (a: number, b: number) => a * b],
    ['divides', tf.div, (a: number, b: number) => Math.fround(a / b)],
  ] as const)
    it(`${name} a vector and a tensor of five axes, from either side`, async () => {
      const [long, short] = [values(shape, 0), values([3], 2)];
      const at = (i: number): [number, number] => [(i % 7) + 1, ((i % 3) + 2) % 7 + 1]; // prettier-ignore
      const made = [operation(long, short), operation(short, long)];
      assert.deepEqual(made.map((tensor) => tensor.shape), [shape, shape]); // prettier-ignore
      const [right, left] = await Promise.all(made.map((tensor) => tensor.data()));
      for (let i = 0; i < right!.length; i++) {
        const [a, b] = at(i);
        assert.ok(Math.abs(right![i]! - of(a, b)) < 1e-6, `${a} and ${b}: ${right![i]}`);
        assert.ok(Math.abs(left![i]! - of(b, a)) < 1e-6, `${b} and ${a}: ${left![i]}`);
      }
    });

  it('leaves other broadcasts to the stock kernels', async () => {
    const sum = tf.add(values([2, 1, 2, 2, 3], 0), values([1], 4));
    assert.deepEqual(
      [...(await sum.data())],
      Array.from({ length: 24 }, (_, i) => (i % 7) + 6),
    );
  });
});
