import { modelConfig } from '../../../model/model-config.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../../cache/order/random.js';
import { initialWeights } from '../../../model/weights/init.js';
import { type ModelConfig } from '../../../model/config.js';
import { pretrainSpecs } from '../../../model/systems.js';
import { createTrainer, type StepResult } from '../../../stages/train/train.js';
import { drawTubeMask, tokenOrder } from '../../../stages/mask/tube-mask.js';
import { planTraining, trainingOptions } from '../../../stages/train/training-options.js';
import { reconstructionObjective } from '../../../stages/train/objective.js';
import type { ClipBatch } from '../../../stages/batch/batch.js';
import type { NamedValues } from '../../../stages/train/optimizer.js';
import { onBackend } from '../../support/backends.js';

const SIZES = {
  ...{ frames: 4, imageSize: 16, patch: 4, width: 24, depth: 1, heads: 2 },
  ...{ decoderWidth: 16, decoderDepth: 1, decoderHeads: 2, mfccFrames: 16 },
  ...{ audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1] },
};

/** Other clips and other masks for every `number`. */
function batchOf(config: ModelConfig, number: number, clips = 2): ClipBatch {
  const draw = (purpose: string) => randomFor(7, 0, number, purpose);
  const orders = Array.from({ length: clips }, (_, clip) =>
    tokenOrder(drawTubeMask(16, 0.5, draw(`mask ${clip}`)), 2),
  );
  const pixel = draw('pixels');
  const sound = draw('sound');
  return {
    position: number * clips,
    keys: Array.from({ length: clips }, (_, clip) => `clip ${number}/${clip}`),
    video: Uint8Array.from({ length: clips * 4 * config.imageSize ** 2 * 3 }, () => 256 * pixel()),
    visible: Int32Array.from(orders.flatMap(({ visible }) => [...visible])),
    masked: Int32Array.from(orders.flatMap(({ masked }) => [...masked])),
    mfcc: Float32Array.from({ length: clips * config.mfccFrames * config.cepstra }, () => sound() - 0.5), // prettier-ignore
    audioPresent: Float32Array.from({ length: clips }, (_, clip) => (clip + number) % 2),
  };
}

function trainerOf(config: ModelConfig, capture: boolean, more: object = {}, average?: number) {
  const options = trainingOptions.parse({ steps: 40, lr: 1e-3, warmupEpochs: 0, seed: 3, ...more });
  const specs = pretrainSpecs(config);
  const values = initialWeights(specs, (name) => randomFor(2, 0, name, 'init'));
  return createTrainer({
    objective: reconstructionObjective(config),
    options: { ...options, average },
    plan: planTraining(options, 40),
    initial: new Map(specs.map(({ name, shape }) => [name, { shape, data: values.get(name)! }])),
    step: 0,
    capture,
  });
}

/** The distance of two states in proportion to how long the first is. */
function apart(a: NamedValues, b: NamedValues, counts: (name: string) => boolean): number {
  const sums = { apart: 0, whole: 0 };
  for (const [name, { data }] of a) {
    const other = b.get(name)!.data;
    if (counts(name))
      data.forEach((value, i) => {
        sums.apart += (value - other[i]!) ** 2;
        sums.whole += value ** 2;
      });
  }
  return Math.sqrt(sums.apart / sums.whole);
}

onBackend('tensorflow', 'captured steps', () => {
  const STEPS = 20;
  for (const variant of ['av', 'v'] as const)
    it(`agree with eager ones over ${STEPS} steps of changing rates, with clipping, averages and parts: ${variant}`, async () => {
      const config = modelConfig.parse({ ...SIZES, variant, dropout: 0.1 });
      const trainers = [false, true].map((capture) => trainerOf(config, capture, { clipGrad: 0.5 }, 0.9)); // prettier-ignore
      const results: StepResult[][] = [];
      for (const trainer of trainers) {
        const all: StepResult[] = [];
        for (let step = 0; step < STEPS; step++) {
          await trainer.add(batchOf(config, 2 * step));
          await trainer.add(batchOf(config, 2 * step + 1));
          all.push(trainer.finish());
        }
        results.push(all);
      }
      const [eager, captured] = results as [StepResult[], StepResult[]];
      eager.forEach(({ step, loss, lr }, i) => {
        assert.equal(captured[i]!.lr, lr);
        assert.ok(Math.abs(captured[i]!.loss - loss) < 1e-5 * loss, `step ${step}: ${loss} and ${captured[i]!.loss}`); // prettier-ignore
      });
      const rates = new Set(eager.map(({ lr }) => lr));
      assert.equal(rates.size, STEPS, 'the rate changes each step');
      const [a, b] = (await Promise.all(trainers.map((trainer) => trainer.state()))) as [NamedValues, NamedValues]; // prettier-ignore
      assert.deepEqual([...b.keys()], [...a.keys()]);
      assert.ok(apart(a, b, (name) => !name.startsWith('optimizer.')) < 1e-5, 'weights and averages');
      for (const trainer of trainers) trainer.dispose();
    }); // prettier-ignore

  it('take batches of several sizes, in any order', async () => {
    const config = modelConfig.parse({ ...SIZES, variant: 'v' });
    const [eager, captured] = [false, true].map((capture) => trainerOf(config, capture));
    for (const [i, clips] of [2, 3, 2, 1, 3].entries()) {
      const batch = batchOf(config, i, clips);
      const [wanted, made] = [await eager!.train(batch), await captured!.train(batch)];
      assert.ok(Math.abs(made.loss - wanted.loss) < 1e-5 * wanted.loss, `${wanted.loss}, ${made.loss}`); // prettier-ignore
    }
    eager!.dispose();
    captured!.dispose();
  });

  it('draw dropout anew each step', async () => {
    const config = modelConfig.parse({ ...SIZES, variant: 'av', dropout: 0.5 });
    const trainer = trainerOf(config, true, { lr: 1e-12, minLr: 1e-12 });
    const batch = { ...batchOf(config, 0), audioPresent: Float32Array.of(1, 1) };
    const losses: number[] = [];
    for (let i = 0; i < 4; i++) losses.push((await trainer.train(batch)).loss);
    assert.equal(new Set(losses).size, 4, losses.join());
    trainer.dispose();
  });

  it('hold no more tensors after many steps than before', async () => {
    const config = modelConfig.parse({ ...SIZES, variant: 'av' });
    const trainer = trainerOf(config, true, { clipGrad: 1 }, 0.99);
    await trainer.train(batchOf(config, 0));
    const before = tf.memory().numTensors;
    for (let step = 1; step < 60; step++) await trainer.train(batchOf(config, step));
    assert.equal(tf.memory().numTensors, before);
    trainer.dispose();
  });
});
