import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { gelu, layerNorm, linear } from '../../../engine/ops/layers.js';
import { onEachBackend } from '../../support/backends.js';
import { relativeError } from '../../support/golden.js';

const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
const wave = (shape: readonly number[], step: number) =>
  tf.tensor(Float32Array.from({ length: size(shape) }, (_, i) => Math.sin(step * (i + 1))), [...shape]); // prettier-ignore

type Layer = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Values and all gradients of two formulations, the second of which TensorFlow.js derives op by op. */
function assertSame(ours: Layer, derived: Layer, inputs: tf.Tensor[]): void {
  const [a, b] = [ours(...inputs), derived(...inputs)];
  assert.deepEqual(a.shape, b.shape);
  assert.ok(relativeError(a.dataSync(), b.dataSync()) < 1e-5, 'value');
  const dy = wave(a.shape, 2.3);
  const [gradsA, gradsB] = [tf.grads(ours)(inputs, dy), tf.grads(derived)(inputs, dy)];
  inputs.forEach((input, i) => {
    assert.deepEqual(gradsA[i]!.shape, input.shape);
    const gap = tf.max(tf.abs(tf.sub(gradsA[i]!, gradsB[i]!))).dataSync()[0]!;
    const scale = Math.max(1, tf.max(tf.abs(gradsB[i]!)).dataSync()[0]!);
    assert.ok(gap < 1e-5 * scale, `gradient ${i} differs by ${gap} of ${scale}`);
  });
}

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 3 });
// From 3: of two values, normalised, the gradient is all cancellation.
const width = fc.integer({ min: 3, max: 9 });

onEachBackend('layers', () => {
  it('linear is x · weightᵀ + bias over the last axis of any shape', () => {
    fc.assert(
      fc.property(shapes, width, width, fc.boolean(), (rows, from, to, bias) => {
        tf.tidy(() => {
          const inputs = [wave([...rows, from], 0.7), wave([to, from], 1.3)];
          if (bias) inputs.push(wave([to], 0.9));
          assertSame(
            (x, weight, b) => linear(x, weight, bias ? b : undefined),
            (x, weight, b) => {
              const column = tf.reshape(x, [...rows, 1, from]);
              const product = tf.sum(tf.mul(column, weight), -1);
              return bias ? tf.add(product, b) : product;
            },
            inputs,
          );
        });
      }),
      { numRuns: 30 },
    );
  });

  it('layer norm equals its definition op by op', () => {
    fc.assert(
      fc.property(shapes, width, fc.constantFrom(1e-6, 1e-5), (rows, channels, eps) => {
        tf.tidy(() => {
          assertSame(
            (x, gamma, beta) => layerNorm(x, gamma, beta, eps),
            (x, gamma, beta) => {
              const { mean, variance } = tf.moments(x, -1, true);
              const unit = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, eps)));
              return tf.add(tf.mul(unit, gamma), beta);
            },
            [wave([...rows, channels], 0.7), wave([channels], 1.3), wave([channels], 0.9)],
          );
        });
      }),
      { numRuns: 30 },
    );
  });

  it('layer norm of equal values is beta, with finite gradients', () => {
    const x = tf.fill([2, 6], 3);
    const [gamma, beta] = [tf.fill([6], 2), tf.range(0, 6)];
    const layer = (a: tf.Tensor) => layerNorm(a, gamma, beta, 1e-6);
    assert.deepEqual([...layer(x).dataSync()], [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
    assert.ok(tf.grad(layer)(x).dataSync().every(Number.isFinite));
  });

  it('GELU is the exact one, not its tanh approximation, out to where it is flat', () => {
    // x·Φ(x), Φ from tables to nine digits; the approximation is 1.5e-4 off at 1 and −1.
    const known = new Map([[-20, 0], [-2, -0.0455002639], [-1, -0.158655254], [0, 0], [1, 0.841344746], [2, 1.954499736], [20, 20]]); // prettier-ignore
    const out = gelu(tf.tensor1d([...known.keys()])).dataSync();
    [...known.values()].forEach((value, i) => {
      assert.ok(Math.abs(out[i]! - value) < 1e-6, `${out[i]!} instead of ${value}`);
    });
    assertSame(gelu, (x) => tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))))), [
      tf.linspace(-6, 6, 97),
    ]);
    assert.ok(
      tf
        .grad(gelu)(tf.tensor1d([-1e4, 1e4]))
        .dataSync()
        .every(Number.isFinite),
    );
  });
});
