import { modelConfig } from '../../../model/model-config.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../../cache/order/random.js';
import type { ClipShape, Sample } from '../../../cache/records.js';
import { initialWeights } from '../../../model/weights/init.js';

import { pretrainSpecs } from '../../../model/systems.js';
import { useBackend } from '../../../engine/backend.js';
import { assembleBatch } from '../../../stages/batch/batch.js';
import { createTrainer } from '../../../stages/train/train.js';
import { reconstructionObjective } from '../../../stages/train/objective.js';
import { drawFor } from '../../../stages/load/workers/clip-writer.js';

const SHAPE: ClipShape = {
  ...{ frames: 4, size: 16, storeSize: 16, square: true, positions: 16 },
  ...{ mfccFrames: 16, cepstra: 2, melBands: 8 },
};
const CONFIG = modelConfig.parse({
  ...{ variant: 'cav-mae', imageSize: 16, patch: 4, frames: 4, mfccFrames: 16, cepstra: 2, melBands: 8 }, // prettier-ignore
  ...{ width: 32, depth: 2, heads: 2, decoderWidth: 16, decoderDepth: 1, decoderHeads: 2 },
});

/** Clips whose stripes run as fast as their sound is high: each tells of the other. */
function clipOf(number: number): Sample {
  const wave = (i: number) => Math.sin(((number + 1) * i) / 3);
  const flags = { audioPresent: true, substituted: 0, held: 0, warnings: [] };
  return {
    header: { key: `clip-${number}`, height: 16, width: 16, flags },
    frames: Uint8Array.from({ length: 4 * 768 }, (_, i) => 127 + 120 * wave(Math.floor(i / 3) % 16)), // prettier-ignore
    mask: new Uint8Array(16),
    mfcc: new Float32Array(32),
    mel: Float32Array.from({ length: 128 }, (_, i) => wave(i % 8) + 0.1 * wave(i >> 3)),
  } as unknown as Sample;
}

function batchOf(epoch: number) {
  const draw = { seed: 5, mask: 'epoch', maskRatio: 0.75 } as const;
  return assembleBatch(
    0,
    Array.from({ length: 6 }, (_, i) => drawFor(clipOf(i), epoch, draw)),
    {
      ...{ shape: SHAPE, imageSize: 16, slots: 2, augment: { crop: 'none', flip: 0 } },
      statistics: { mean: [0, 0], std: [1, 1] },
      melStatistics: { mean: 0, std: 0.7 },
      parts: { frames: 'random', melPatch: 4 },
    } as const,
  );
}

function trainerOf(capture?: boolean) {
  const drawn = initialWeights(pretrainSpecs(CONFIG), (name) => randomFor(5, 0, name, 'init'));
  return createTrainer({
    objective: reconstructionObjective(CONFIG),
    options: { beta1: 0.9, beta2: 0.95, weightDecay: 0.05, seed: 5 },
    plan: { steps: 150, warmupSteps: 5, lr: 4e-3, minLr: 1e-4 },
    initial: new Map([...drawn].map(([name, data]) => [name, { data }])),
    step: 0,
    capture,
  });
}

describe('CAV-MAE in training', function () {
  this.timeout(120_000);
  before(() => useBackend('wasm'));

  it('learns: every part of its loss falls, and clips find their own sound', async () => {
    const trainer = trainerOf();
    const first = await trainer.train(batchOf(0));
    for (let step = 1; step < 149; step++) await trainer.train(batchOf(step));
    const last = await trainer.train(batchOf(149));
    trainer.dispose();
    const { pictureLoss = NaN, soundLoss = NaN, contrastLoss = NaN } = last.parts;
    assert.ok(Math.abs(pictureLoss + soundLoss + 0.01 * contrastLoss - last.loss) < 1e-5);
    assert.ok(pictureLoss < 0.7 * first.parts['pictureLoss']!, `picture ${pictureLoss}`);
    assert.ok(soundLoss < 0.7 * first.parts['soundLoss']!, `sound ${soundLoss}`);
    // By chance it is ln 6 = 1.79.
    assert.ok(contrastLoss < 1.2, `contrast ${contrastLoss}`);
  });

  it('holds no more tensors after a step than before', async () => {
    const trainer = trainerOf();
    await trainer.train(batchOf(0));
    const before = tf.memory().numTensors;
    for (let step = 1; step < 4; step++) await trainer.train(batchOf(step));
    assert.equal(tf.memory().numTensors, before);
    trainer.dispose();
  });
});

describe('CAV-MAE as a captured graph', function () {
  this.timeout(120_000);
  before(async function () {
    try {
      await useBackend('tensorflow');
    } catch {
      this.skip();
    }
  });

  it('takes the same steps as op by op, of the same parts', async () => {
    const [captured, eager] = [trainerOf(true), trainerOf(false)];
    for (let step = 0; step < 6; step++) {
      const [one, other] = [await captured.train(batchOf(step)), await eager.train(batchOf(step))];
      assert.deepEqual(Object.keys(one.parts).sort(), ['contrastLoss', 'pictureLoss', 'soundLoss']);
      for (const [name, part] of Object.entries({ ...one.parts, loss: one.loss })) {
        const expected = { ...other.parts, loss: other.loss }[name]!;
        assert.ok(Math.abs(part - expected) < 1e-4 * Math.abs(expected), `step ${step}: ${name}`);
      }
    }
    captured.dispose();
    eager.dispose();
  });
});
