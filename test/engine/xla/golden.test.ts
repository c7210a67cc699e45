import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { trace } from '../../../engine/xla/trace.js';
import { cavMaeLossParts } from '../../../model/cav-mae.js';
import { classifierConfig, smoothLabels, softCrossEntropy } from '../../../model/classifier.js';
import { INFERENCE, type ModelBatch } from '../../../model/forward.js';
import { modelConfig } from '../../../model/model-config.js';
import { classify, pretrainLoss, pretrainSpecs } from '../../../model/systems.js';
import { weightsFrom } from '../../../model/weights/weights.js';
import { onBackend } from '../../support/backends.js';
import { goldenPixels, readGolden, relativeError } from '../../support/golden.js';
import { goldenSteps, indicesOf, videoMae } from './golden-steps.js';
import { useXla } from './jaxlib.js';

/** What all backends are held to against the original authors' code. */
const TOLERANCE = 1e-4;

type Loss = (weights: (name: string) => tf.Tensor) => Readonly<Record<string, tf.Tensor>>;

function assertNear(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  const error = relativeError(actual, expected);
  assert.ok(error < TOLERANCE, `${what}: ${error}`);
}

onBackend('wasm', 'programs for XLA against the original authors’ code', () => {
  const run = useXla();
  const values = (tensors: Readonly<Record<string, tf.Tensor>>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync() as Float32Array])); // prettier-ignore

  /** Numbers and gradients of a loss, `gradient.NAME`, by a program. */
  function runLoss(inputs: Record<string, tf.Tensor>, weights: Map<string, tf.Tensor>, loss: Loss) {
    const names = [...weights.keys()];
    const work = () => {
      const terms: Record<string, tf.Tensor> = {};
      const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
        const { loss: whole, ...rest } = loss(weightsFrom(new Map(names.map((name, i) => [name, tensors[i]!])))); // prettier-ignore
        for (const [name, term] of Object.entries(rest)) terms[name] = tf.keep(term);
        return whole as tf.Scalar;
      })([...weights.values()]);
      return { loss: value, ...terms, ...Object.fromEntries(grads.map((gradient, i) => [`gradient.${names[i]}`, gradient])) }; // prettier-ignore
    };
    const all = { ...inputs, ...Object.fromEntries(weights) };
    const program = trace({ inputs: all, work });
    const given = values(all);
    const [results] = run(program, [Object.fromEntries(program.arguments.map(({ name }) => [name, given[name]!]))]); // prettier-ignore
    return results!;
  }

  it('VideoMAE: loss and every gradient', async () => {
    const golden = await readGolden('videomae-pretrain-tiny');
    const { config, batch, inputs } = videoMae(golden);
    const results = runLoss(inputs, golden.weights('model'), (weights) => ({
      loss: pretrainLoss(batch, weights, config, INFERENCE),
    }));
    assertNear(results['loss']!, golden.array('expect.loss').data, 'loss');
    for (const name of golden.names('expect.grad'))
      assertNear(results[`gradient.${name}`]!, golden.array(`expect.grad.${name}`).data, name);
  });

  it('VideoMAE: five whole steps of AdamW', async () => {
    const golden = await readGolden('videomae-pretrain-tiny');
    const { program, steps } = goldenSteps(golden);
    const results = run(program, steps);
    const losses = golden.array('expect.adamw_losses').data;
    results.forEach((result, i) => {
      assertNear(result['loss']!, [losses[i]!], `loss of step ${i + 1}`);
    });
    for (const name of golden.names('expect.after_5_steps'))
      assertNear(results[4]![name]!, golden.array(`expect.after_5_steps.${name}`).data, name);
  });

  it('VideoMAE’s classifier: loss with smoothed labels and every gradient', async () => {
    const golden = await readGolden('videomae-classify-tiny');
    const source = JSON.parse(golden.metadata['config']!) as Record<string, number>;
    const config = modelConfig.parse({
      ...{ variant: 'v', imageSize: source['img_size'], patch: source['patch_size'] },
      ...{ width: source['embed_dim'], depth: source['depth'], heads: source['num_heads'] },
      ...{ decoderWidth: 8, decoderHeads: 1 },
    });
    const head = classifierConfig.parse({ classes: source['num_classes'], fusion: 'picture' });
    const none = tf.zeros([2]);
    const batch = { video: goldenPixels(golden), mfcc: none, audioPresent: none };
    const labels = smoothLabels([...golden.array('input.label').data], head.classes, 0.1);
    const results = runLoss({ video: batch.video, labels }, golden.weights('model'), (weights) => ({
      loss: softCrossEntropy(classify(batch, weights, config, head, INFERENCE), labels),
    }));
    assertNear(results['loss']!, golden.array('expect.loss_label_smoothing_0.1').data, 'loss');
    for (const name of golden.names('expect.grad'))
      assertNear(results[`gradient.${name}`]!, golden.array(`expect.grad.${name}`).data, name);
  });

  it('CAV-MAE: the terms of the loss and every gradient', async () => {
    const golden = await readGolden('cav-mae-tiny');
    const config = modelConfig.parse({
      ...{ variant: 'cav-mae', imageSize: 32, patch: 16, mfccFrames: 32, melBands: 128 },
      ...{ width: 24, depth: 3, heads: 2, decoderWidth: 16, decoderDepth: 2, decoderHeads: 2 },
    });
    const images = tf.expandDims(tf.transpose(golden.tensor('input.images'), [0, 2, 3, 1]), 1);
    const unit = tf.add(tf.mul(images, tf.tensor1d([0.229, 0.224, 0.225])), tf.tensor1d([0.485, 0.456, 0.406])); // prettier-ignore
    const inputs = {
      video: tf.mul(unit, 255),
      mel: golden.tensor('input.mel'),
      visible: indicesOf(golden, 'input.mask_v', 0),
      masked: indicesOf(golden, 'input.mask_v', 1),
      heard: indicesOf(golden, 'input.mask_a', 0),
      unheard: indicesOf(golden, 'input.mask_a', 1),
      audioPresent: tf.ones([3]),
    };
    const { video, mel, visible, masked, heard, unheard, audioPresent } = inputs;
    const batch: ModelBatch = {
      ...{ video, visible, masked, audioPresent, mfcc: tf.zeros([1]) },
      spectrum: { mel, visible: heard, masked: unheard },
    };
    const names = pretrainSpecs(config).map(({ name }) => name);
    const stored = golden.weights('model');
    const weights = new Map(names.map((name) => [name, stored.get(name)!]));
    const results = runLoss(inputs, weights, (given) => ({
      loss: pretrainLoss(batch, given, config, INFERENCE),
      ...cavMaeLossParts(batch, given, config),
    }));
    assertNear(results['loss']!, golden.array('loss').data, 'loss');
    assertNear(results['audio']!, golden.array('loss.sound').data, 'audio');
    assertNear(results['video']!, golden.array('loss.picture').data, 'video');
    for (const name of names)
      assertNear(results[`gradient.${name}`]!, golden.array(`grad.${name}`).data, name);
  });
});
