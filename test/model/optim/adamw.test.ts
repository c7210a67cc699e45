import { modelConfig } from '../../../model/model-config.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { adamwStep, isDecayed, type Moments } from '../../../model/optim/adamw.js';
import { PRESETS } from '../../../model/config.js';
import { pretrainSpecs } from '../../../model/systems.js';
import { onEachBackend } from '../../support/backends.js';

const options = { beta1: 0.9, beta2: 0.95, weightDecay: 0.05 };

describe('weight decay', () => {
  it('is for what has more than one dimension, but not for tokens', () => {
    const specs = pretrainSpecs(modelConfig.parse(PRESETS.s));
    const spared = specs.filter(({ name, shape }) => !isDecayed(name, shape));
    const tokens = spared.filter(({ shape }) => shape.length > 1).map(({ name }) => name);
    assert.deepEqual(tokens, ['mask_token', 'no_sound_token']);
    for (const { shape, name } of specs)
      if (shape.length === 1) assert.equal(isDecayed(name, shape), false, name);
    for (const name of ['encoder.blocks.0.attn.q_bias', 'encoder.norm.weight'])
      assert.ok(spared.some((spec) => spec.name === name));
    assert.ok(isDecayed('encoder.patch_embed.proj.weight', [384, 3, 2, 16, 16]));
  });
});

onEachBackend('a step of AdamW', () => {
  const start = [1, -2, 0.5];
  const gradients = [
    [0.1, -0.2, 0],
    [0.3, 0.1, -1e-4],
    [-5, 0.02, 0.7],
  ];

  /** Loshchilov and Hutter's algorithm 2, value by value, in double precision. */
  const plain = (decay: number) =>
    start.map((value, i) => {
      let [weight, first, second] = [value, 0, 0];
      gradients.forEach((gradient, t) => {
        const g = gradient[i]!;
        first = 0.9 * first + 0.1 * g;
        second = 0.95 * second + 0.05 * g * g;
        const unbiased = [first / (1 - 0.9 ** (t + 1)), second / (1 - 0.95 ** (t + 1))] as const;
        weight -= 0.01 * (unbiased[0] / (Math.sqrt(unbiased[1]) + 1e-8) + decay * weight);
      });
      return weight;
    });

  const run = (decayed: boolean) => {
    let weight: tf.Tensor = tf.tensor1d(start);
    let moments: Moments = { first: tf.zeros([3]), second: tf.zeros([3]) };
    gradients.forEach((gradient, t) => {
      const next = adamwStep(weight, tf.tensor1d(gradient), moments, t + 1, 0.01, decayed, options);
      ({ weight, ...moments } = next);
    });
    return [...weight.dataSync()];
  };

  for (const decayed of [true, false])
    it(`${decayed ? 'with' : 'without'} decay equals the algorithm`, () => {
      const expected = plain(decayed ? options.weightDecay : 0);
      run(decayed).forEach((value, i) => {
        assert.ok(Math.abs(value - expected[i]!) < 1e-6, `${value} instead of ${expected[i]!}`);
      });
    });

  it('with no gradient only decays, and without decay leaves the weight alone', () => {
    const zero = tf.zeros([2]);
    const weight = tf.tensor1d([1, -4]);
    const step = (decayed: boolean) =>
      adamwStep(weight, zero, { first: zero, second: zero }, 1, 0.1, decayed, options).weight;
    assert.deepEqual([...step(false).dataSync()], [1, -4]);
    const kept = 1 - 0.1 * 0.05;
    assert.deepEqual([...step(true).dataSync()], [Math.fround(kept), Math.fround(-4 * kept)]);
  });
});
