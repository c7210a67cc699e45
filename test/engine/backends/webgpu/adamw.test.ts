import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { ADAMW_KERNEL, type AdamWAttributes } from '../../../../engine/backends/adamw-kernel.js';
import { onBackend } from '../../../support/backends.js';

onBackend('webgpu', 'a step of AdamW as one dispatch', () => {
  const numbers: AdamWAttributes = {
    ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-8 },
    ...{ rootScale: 1 / Math.sqrt(1 - 0.95 ** 3), rate: 0.01 / (1 - 0.9 ** 3), kept: 0.995 },
  };
  const names = ['weight', 'gradient', 'first', 'second'] as const;
  const valueOf = { weight: 1, gradient: 0.3, first: -0.1, second: 0.2 };

  /** Loshchilov and Hutter's algorithm 2 in double precision. */
  function plain([weight, gradient, first, second]: readonly [number, number, number, number]) {
    const mean = 0.9 * first + 0.1 * gradient;
    const square = 0.95 * second + 0.05 * gradient ** 2;
    const change = (numbers.rate * mean) / (Math.sqrt(square) * numbers.rootScale + 1e-8);
    return [0.995 * weight - change, mean, square];
  }

  for (const size of [1, 255, 257, 70_000])
    it(`gives ${size} values, and leaves what it was given alone`, async () => {
      const at = (name: (typeof names)[number], i: number) => valueOf[name] * (1 + (i % 97) / 97);
      const inputs = Object.fromEntries(
        names.map((name) => [name, tf.tensor1d(Array.from({ length: size }, (_, i) => at(name, i)))]), // prettier-ignore
      );
      const outputs = tf.engine().runKernel(ADAMW_KERNEL, inputs, { ...numbers });
      const made = await Promise.all((outputs as tf.Tensor[]).map((tensor) => tensor.data()));
      for (let i = 0; i < size; i += Math.max(1, size >> 6)) {
        const expected = plain([at('weight', i), at('gradient', i), at('first', i), at('second', i)]); // prettier-ignore
        expected.forEach((value, k) => {
          assert.ok(Math.abs(made[k]![i]! - value) < 1e-6, `${k} at ${i}: ${made[k]![i]}, ${value}`); // prettier-ignore
        });
      }
      assert.ok(Math.abs((await inputs['weight']!.data())[size - 1]! - at('weight', size - 1)) < 1e-6); // prettier-ignore
    });
});
