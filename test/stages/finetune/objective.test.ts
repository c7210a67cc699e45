import { modelConfig } from '../../../model/model-config.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../../cache/order/random.js';
import { classifierConfig } from '../../../model/classifier.js';
import { classifierSpecs } from '../../../model/systems.js';
import { initialWeights } from '../../../model/weights/init.js';

import { createClassifier } from '../../../stages/evaluate/classify.js';
import { classificationObjective, classificationOptions, type LabelledBatch } from '../../../stages/finetune/objective.js'; // prettier-ignore
import { createTrainer } from '../../../stages/train/train.js';
import { planTraining, trainingOptions } from '../../../stages/train/training-options.js';
import type { CaptureChoice } from '../../../stages/train/runner.js';
import { modelOnEachBackend } from '../../support/backends.js';

const config = modelConfig.parse({
  variant: 'av', imageSize: 16, patch: 8, frames: 4, width: 16, depth: 2, heads: 2, decoderWidth: 8,
  decoderDepth: 1, decoderHeads: 1, mfccFrames: 16, audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1],
}); // prettier-ignore
const CLASSES = 3;
const CLIPS = 6;

/** Two clips a class; each class has a picture and a sound of its own. */
function batch(): LabelledBatch {
  const labels = Array.from({ length: CLIPS }, (_, i) => i % CLASSES);
  const pixels = 4 * 16 * 16 * 3;
  return {
    ...{ position: 0, keys: labels.map((label, i) => `${label}-${i}`), labels },
    ...{ visible: new Int32Array(0), masked: new Int32Array(0) },
    video: Uint8Array.from({ length: CLIPS * pixels }, (_, i) => {
      const label = labels[Math.floor(i / pixels)]!;
      return 128 + 100 * Math.sin((label + 1) * 0.4 * (Math.floor(i / 3) % 16) + (i % 3));
    }),
    mfcc: Float32Array.from({ length: CLIPS * 16 * 13 }, (_, i) =>
      Math.cos((labels[Math.floor(i / (16 * 13))]! + 1) * (i % 13)),
    ),
    audioPresent: new Float32Array(CLIPS).fill(1),
  };
}

modelOnEachBackend('fine-tuning', (backend) => {
  const head = classifierConfig.parse({ classes: CLASSES, fusion: 'fused', dropout: 0, dropPath: 0 }); // prettier-ignore
  const specs = classifierSpecs(config, head);
  const initial = () => {
    const values = initialWeights(specs, (name) => randomFor(4, 0, name, 'init'));
    return new Map([...values].map(([name, data]) => [name, { data }]));
  };
  const trainer = (
    more: object,
    position = (at: number) => randomFor(1, 0, at, 'mix'),
    capture?: CaptureChoice,
  ) => {
    const options = trainingOptions.parse({ steps: 60, lr: 3e-3, warmupEpochs: 0 });
    return createTrainer({
      objective: classificationObjective(config, head, classificationOptions.parse({ layerDecay: 1, ...more }), position), // prettier-ignore
      options,
      plan: planTraining(options, CLIPS),
      initial: initial(),
      step: 0,
      capture,
    });
  };
  const steps = backend === 'cpu' ? 15 : 60;

  it('begins at even odds, and learns to tell classes apart', async () => {
    const learner = trainer({ mixup: 0, cutmix: 0, smoothing: 0 });
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) losses.push((await learner.train(batch())).loss);
    assert.ok(Math.abs(losses[0]! - Math.log(CLASSES)) < 1e-2, `begins at ${losses[0]}`);
    assert.ok(
      losses.at(-1)! < (backend === 'cpu' ? 0.9 : 0.7) * losses[0]!,
      `ends at ${losses.at(-1)}`,
    );
    const classifier = createClassifier(config, head, await learner.state());
    const probabilities = await classifier.probabilities(batch());
    for (let clip = 0; clip < CLIPS; clip++) {
      const row = [...probabilities.subarray(clip * CLASSES, (clip + 1) * CLASSES)];
      assert.ok(Math.abs(row.reduce((sum, p) => sum + p, 0) - 1) < 1e-5);
      if (backend !== 'cpu') assert.equal(row.indexOf(Math.max(...row)), clip % CLASSES);
    }
    classifier.dispose();
    learner.dispose();
  });

  it('mixing is drawn by the batch’s place, and changes the loss', async () => {
    // A head begins near zero: the first loss is that of even odds, whatever is mixed.
    const loss = async (more: object, shift = 0) => {
      const learner = trainer(more, (at) => randomFor(1, 0, at + shift, 'mix'), false);
      for (let step = 0; step < 2; step++) await learner.train(batch());
      return (await learner.train(batch())).loss;
    };
    const plain = await loss({ mixup: 0, cutmix: 0 });
    for (const kind of [{ cutmix: 0 }, { mixup: 0 }]) {
      assert.equal(await loss(kind), await loss(kind));
      assert.notEqual(await loss(kind), plain);
    }
    assert.notEqual(await loss({ cutmix: 0 }), await loss({ cutmix: 0 }, 1));
  });

  it('the learning rate falls from the head down', async () => {
    const moved = async (layerDecay: number) => {
      const learner = trainer({ mixup: 0, cutmix: 0, layerDecay });
      const before = await learner.state();
      await learner.train(batch());
      const after = await learner.state();
      return (name: string) => Math.sqrt(before.get(name)!.data.reduce((sum, x, i) => sum + (x - after.get(name)!.data[i]!) ** 2, 0)); // prettier-ignore
    };
    const [even, falling] = [await moved(1), await moved(0.1)];
    const ratio = (name: string) => falling(name) / even(name);
    for (const [name, expected] of [
      ['head.weight', 1],
      ['blocks.1.mlp.fc1.weight', 0.1],
      ['blocks.0.mlp.fc1.weight', 0.01],
    ] as const)
      assert.ok(Math.abs(ratio(name) / expected - 1) < 0.02, `${name}: ${ratio(name)}`);
  });

  it('holds no more tensors after a step than before', async () => {
    const learner = trainer({});
    const counts: number[] = [];
    for (let i = 0; i < 3; i++) {
      await learner.train(batch());
      counts.push(tf.memory().numTensors);
    }
    assert.equal(new Set(counts).size, 1, counts.join());
    learner.dispose();
  });
});
