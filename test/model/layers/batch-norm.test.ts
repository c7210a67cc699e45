import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { batchNorm, batchNormSpecs, type NormMode } from '../../../model/layers/batch-norm.js';
import { weightsFrom } from '../../../model/weights/weights.js';
import { onEachBackend } from '../../support/backends.js';
import { relativeError } from '../../support/golden.js';

const EPS = 1e-5;

interface Case {
  readonly shape: readonly [number, number, number, number];
  readonly x: Float32Array;
  /** gamma, beta, running mean and running variance of each channel. */
  readonly gamma: number[];
  readonly beta: number[];
  readonly mean: number[];
  readonly variance: number[];
}

const value = fc.double({ min: -3, max: 3, noNaN: true });
const caseOf: fc.Arbitrary<Case> = fc
  .tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 2, max: 5 }),
    fc.integer({ min: 1, max: 4 }),
  ) // prettier-ignore
  .chain((shape) => {
    const size = shape.reduce((product, n) => product * n, 1);
    const channels = { minLength: shape[3], maxLength: shape[3] };
    return fc.record({
      shape: fc.constant(shape),
      x: fc.integer({ min: 1, max: 1000 }).map((phase) => Float32Array.from({ length: size }, (_, i) => 1 + 2 * Math.sin(phase + 1.7 * i))), // prettier-ignore
      gamma: fc.array(value, channels),
      beta: fc.array(value, channels),
      mean: fc.array(value, channels),
      variance: fc.array(fc.double({ min: 0.1, max: 4, noNaN: true }), channels),
    });
  });

/** The smallest variance that a channel of the batch has. */
function leastVariance({ shape: [, , , channels], x }: Case): number {
  const all = Array.from({ length: channels }, (_, c) => {
    const values = [...x].filter((_, i) => i % channels === c);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  });
  return Math.min(...all);
}

/** Statistics of one channel in double precision. */
function statistics({ x, shape }: Case, channel: number) {
  const values = [...x].filter((_, i) => i % shape[3] === channel);
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, biased: squares / values.length, unbiased: squares / (values.length - 1) };
}

function plain(c: Case, training: boolean): number[] {
  return [...c.x].map((v, i) => {
    const k = i % c.shape[3];
    const batch = statistics(c, k);
    const mean = training ? batch.mean : c.mean[k]!;
    const variance = training ? batch.biased : c.variance[k]!;
    return ((v - mean) / Math.sqrt(variance + EPS)) * c.gamma[k]! + c.beta[k]!;
  });
}

function run(c: Case, x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, mode: NormMode) {
  const weights = new Map([
    ['bn.weight', gamma],
    ['bn.bias', beta],
    ['bn.running_mean', tf.tensor1d(c.mean)],
    ['bn.running_var', tf.tensor1d(c.variance)],
  ]);
  return batchNorm(x as tf.Tensor4D, weightsFrom(weights), 'bn', 'encoder.bn', mode);
}

const tensors = (c: Case) => [tf.tensor4d(c.x, [...c.shape]), tf.tensor1d(c.gamma), tf.tensor1d(c.beta)] as const; // prettier-ignore

function disposeAll(updates: Map<string, tf.Tensor>) {
  for (const tensor of updates.values()) tensor.dispose();
}

describe('batch norm', () => {
  it('learns scale and shift, and counts but does not learn its statistics', () => {
    const specs = batchNormSpecs('bn', 4).map(({ name, init, trainable }) => [
      name,
      init,
      trainable,
    ]);
    assert.deepEqual(specs, [
      ['bn.weight', 'ones', true],
      ['bn.bias', 'zeros', true],
      ['bn.running_mean', 'zeros', false],
      ['bn.running_var', 'ones', false],
    ]);
  });
});

onEachBackend('batch norm', () => {
  it('in inference uses the running statistics and changes none', () => {
    fc.assert(
      fc.property(caseOf, (c) => {
        tf.tidy(() => {
          const out = run(c, ...tensors(c), { training: false });
          assert.ok(relativeError(out.dataSync(), plain(c, false)) < 1e-5);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('in training uses the batch’s, and moves the running ones a tenth of the way', () => {
    fc.assert(
      fc.property(caseOf, (c) => {
        const updates = new Map<string, tf.Tensor>();
        tf.tidy(() => {
          const out = run(c, ...tensors(c), { training: true, updates });
          assert.ok(relativeError(out.dataSync(), plain(c, true)) < 1e-4);
        });
        assert.deepEqual(
          [...updates.keys()],
          ['encoder.bn.running_mean', 'encoder.bn.running_var'],
        );
        const channels = c.gamma.map((_, k) => statistics(c, k));
        const mean = channels.map((s, k) => 0.9 * c.mean[k]! + 0.1 * s.mean);
        const variance = channels.map((s, k) => 0.9 * c.variance[k]! + 0.1 * s.unbiased);
        assert.ok(relativeError(updates.get('encoder.bn.running_mean')!.dataSync(), mean) < 1e-5);
        assert.ok(
          relativeError(updates.get('encoder.bn.running_var')!.dataSync(), variance) < 1e-5,
        );
        disposeAll(updates);
      }),
      { numRuns: 30 },
    );
  });

  it('gradients equal finite differences in double precision', () => {
    fc.assert(
      fc.property(caseOf, fc.boolean(), (c, training) => {
        const dy = c.x.map((_, i) => Math.cos(0.9 * i));
        const loss = (changed: Case) =>
          plain(changed, training).reduce((sum, v, i) => sum + v * dy[i]!, 0);
        const numeric = (name: 'x' | 'gamma' | 'beta') =>
          [...c[name]].map((_, i) => {
            const shifted = (by: number) => {
              const values = [...c[name]];
              values[i]! += by;
              // Float64: the step is too small for float32, which x is declared as.
              return loss({ ...c, [name]: values });
            };
            return (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
          });
        const updates = new Map<string, tf.Tensor>();
        tf.tidy(() => {
          const mode: NormMode = training ? { training, updates } : { training };
          const grads = tf.grads((...args: tf.Tensor[]) =>
            run(c, args[0]!, args[1]!, args[2]!, mode),
          )([...tensors(c)], tf.tensor4d(dy, [...c.shape]));
          (['x', 'gamma', 'beta'] as const).forEach((name, i) => {
            const expected = numeric(name);
            const scale = Math.max(1e-2, ...expected.map(Math.abs));
            const worst = Math.max(
              ...[...grads[i]!.dataSync()].map((v, at) => Math.abs(v - expected[at]!)),
            );
            // Of few values a channel the gradient is what is left of terms that cancel; float32 knows
            // each of these to 1e-7 of itself.
            const terms = name === 'x' ? Math.max(...c.gamma.map(Math.abs)) / Math.sqrt(leastVariance(c) + 1e-5) : 1; // prettier-ignore
            assert.ok(
              worst < 2e-4 * scale + 2e-6 * terms,
              `gradient of ${name} is off by ${worst}`,
            );
          });
        });
        disposeAll(updates);
      }),
      { numRuns: 25 },
    );
  });

  it('leaves over nothing but the two updates of a training step', () => {
    const [c] = fc.sample(caseOf, { numRuns: 1, seed: 1 }) as [Case];
    const updates = new Map<string, tf.Tensor>();
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const grads = tf.grads((...args: tf.Tensor[]) => run(c, args[0]!, args[1]!, args[2]!, { training: true, updates })); // prettier-ignore
      grads([...tensors(c)]);
    });
    assert.equal(tf.memory().numTensors, before + 2);
    disposeAll(updates);
    assert.equal(tf.memory().numTensors, before);
  });

  it('has exact statistics of a batch of 32 clips', () => {
    const x = Float32Array.from({ length: 32 * 7 * 256 * 2 }, (_, i) => (i % 4 < 2 ? 0.6 : 0.8));
    const c: Case = { shape: [32, 7, 256, 2], x, gamma: [1, 1], beta: [0, 0], mean: [0, 0], variance: [0, 0] }; // prettier-ignore
    const updates = new Map<string, tf.Tensor>();
    run(c, ...tensors(c), { training: true, updates });
    const expected = [0.07, 0.001];
    [...updates.values()].forEach((tensor, i) => {
      for (const got of tensor.dataSync())
        assert.ok(Math.abs(got / expected[i]! - 1) < 3e-5, `${got}, expected ${expected[i]!}`);
    });
    disposeAll(updates);
  });

  it('of a single value a channel stays finite', () => {
    const updates = new Map<string, tf.Tensor>();
    const c: Case = { shape: [1, 1, 1, 1], x: Float32Array.of(2), gamma: [3], beta: [0.5], mean: [0], variance: [1] }; // prettier-ignore
    assert.equal(run(c, ...tensors(c), { training: true, updates }).dataSync()[0], 0.5);
    for (const tensor of updates.values()) assert.ok(Number.isFinite(tensor.dataSync()[0]));
    disposeAll(updates);
  });

  /** Clips 0 and 2 count, whatever is in clip 1. */
  const three = (middle: number): Case => {
    const x = Float32Array.from({ length: 3 * 2 * 3 * 2 }, (_, i) => Math.sin(1 + 1.7 * i));
    x.subarray(12, 24).fill(middle);
    return { shape: [3, 2, 3, 2], x, gamma: [1.5, -0.7], beta: [0.3, 2], mean: [1, -1], variance: [2, 0.5] }; // prettier-ignore
  };
  /** The batch of the clips of `three` that count. */
  const two = (): Case => {
    const c = three(0);
    return { ...c, shape: [2, 2, 3, 2], x: Float32Array.of(...c.x.subarray(0, 12), ...c.x.subarray(24)) }; // prettier-ignore
  };

  it('takes its statistics over the clips that count, and gives zeros for the others', () => {
    const updates = new Map<string, tf.Tensor>();
    const alone = new Map<string, tf.Tensor>();
    const counted = tf.tensor1d([1, 0, 1]);
    const out = run(three(50), ...tensors(three(50)), { training: true, updates, counted }).dataSync(); // prettier-ignore
    const expected = run(two(), ...tensors(two()), { training: true, updates: alone }).dataSync();
    const kept = [...out.subarray(0, 12), ...out.subarray(24)];
    assert.ok(relativeError(kept, expected) < 1e-6);
    assert.ok(out.subarray(12, 24).every((value) => value === 0));
    for (const [name, tensor] of updates)
      assert.ok(relativeError(tensor.dataSync(), alone.get(name)!.dataSync()) < 1e-6, name);
    disposeAll(updates);
    disposeAll(alone);
  });

  it('has the gradient of a batch of the clips that count, and none for the others', () => {
    const updates = new Map<string, tf.Tensor>();
    const dy = Float32Array.from({ length: 36 }, (_, i) => Math.cos(0.9 * i));
    const kept = Float32Array.of(...dy.subarray(0, 12), ...dy.subarray(24));
    const gradients = (c: Case, dy: Float32Array, mode: NormMode) =>
      tf
        .grads((...args: tf.Tensor[]) => run(c, args[0]!, args[1]!, args[2]!, mode))(
          [...tensors(c)],
          tf.tensor4d(dy, [...c.shape]),
        )
        .map((tensor) => tensor.dataSync());
    const counted = tf.tensor1d([1, 0, 1]);
    const [dx, ...rest] = gradients(three(50), dy, { training: true, updates, counted });
    disposeAll(updates);
    // Those of a batch without `counted` equal finite differences: see above.
    const [expected, ...others] = gradients(two(), kept, { training: true, updates });
    assert.ok(relativeError([...dx!.subarray(0, 12), ...dx!.subarray(24)], expected!) < 1e-5);
    assert.ok(dx!.subarray(12, 24).every((value) => value === 0));
    rest.forEach((got, i) => {
      assert.ok(relativeError(got, others[i]!) < 1e-5);
    });
    disposeAll(updates);
  });

  it('moves no running statistics when no clip counts', () => {
    const updates = new Map<string, tf.Tensor>();
    const c = three(1);
    const out = run(c, ...tensors(c), { training: true, updates, counted: tf.zeros([3]) });
    assert.ok(out.dataSync().every((value) => value === 0));
    assert.deepEqual([...updates.get('encoder.bn.running_mean')!.dataSync()], c.mean);
    assert.deepEqual([...updates.get('encoder.bn.running_var')!.dataSync()], c.variance);
    disposeAll(updates);
  });
});
