import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import type { HostValues } from '../../../engine/xla/device.js';
import type { Program } from '../../../engine/xla/program.js';
import { INFERENCE, type ModelBatch } from '../../../model/forward.js';
import { modelConfig } from '../../../model/model-config.js';
import { pretrainLoss } from '../../../model/systems.js';
import { updateNumbers, type UpdatePlan } from '../../../stages/train/apply-update.js';
import type { LoadedBatch } from '../../../stages/train/objective.js';
import { stateShapes, wholeStep } from '../../../stages/train/whole-step.js';
import { goldenPixels, type Golden } from '../../support/golden.js';

/** Indices of the tokens that a golden mask marks with `value`. */
export function indicesOf(golden: Golden, name: string, value: number): tf.Tensor {
  const { data, shape } = golden.array(name);
  const [batch = 0, tokens = 0] = shape;
  const rows = Array.from({ length: batch }, (_, b) =>
    Array.from({ length: tokens }, (_, i) => i).filter((i) => data[b * tokens + i] === value),
  );
  return tf.tensor2d(rows, [batch, rows[0]!.length], 'int32');
}

const valuesOf = (tensors: Readonly<Record<string, tf.Tensor>>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync() as HostValues])); // prettier-ignore

/** The golden model and batch of VideoMAE. */
export function videoMae(golden: Golden) {
  const source = JSON.parse(golden.metadata['config']!) as Record<string, number>;
  const config = modelConfig.parse({
    ...{ variant: 'v', imageSize: source['img_size'], patch: source['patch_size'] },
    width: source['encoder_embed_dim'],
    depth: source['encoder_depth'],
    heads: source['encoder_num_heads'],
    decoderWidth: source['decoder_embed_dim'],
    decoderDepth: source['decoder_depth'],
    decoderHeads: source['decoder_num_heads'],
  });
  const none = tf.zeros([2]);
  const tokens = { visible: indicesOf(golden, 'input.mask', 0), masked: indicesOf(golden, 'input.mask', 1) }; // prettier-ignore
  const batch: ModelBatch = { video: goldenPixels(golden), ...tokens, mfcc: none, audioPresent: none }; // prettier-ignore
  const { video, visible, masked } = batch;
  return { config, batch, inputs: { video, visible: visible, masked: masked } };
}

/** VideoMAE's five golden steps of AdamW as a program, with what it takes in each. */
export function goldenSteps(golden: Golden): {
  readonly program: Program;
  readonly steps: readonly Readonly<Record<string, HostValues>>[];
} {
  const { config, batch, inputs } = videoMae(golden);
  const { lr, betas, weight_decay } = JSON.parse(golden.metadata['optimizer']!) as { lr: number; betas: [number, number]; weight_decay: number }; // prettier-ignore
  const weights = golden.weights('model');
  const plan: UpdatePlan = {
    shapes: new Map([...weights].map(([name, { shape }]) => [name, shape])),
    learned: [...weights.keys()],
    options: { beta1: betas[0], beta2: betas[1], weightDecay: weight_decay },
    ...{ batches: 1, clip: undefined, scaleOf: () => 1 },
  };
  const loaded: LoadedBatch = {
    tensors: inputs,
    loss: (given) => pretrainLoss(batch, given, config, INFERENCE),
    measure: () => assert.fail('nothing is measured here'),
    dispose: () => undefined,
  };
  const program = wholeStep({ batch: loaded, plan });
  const zeros = ([, shape]: [string, readonly number[]]) => new Float32Array(tf.util.sizeFromShape([...shape])); // prettier-ignore
  const state = Object.fromEntries([...stateShapes(plan)].map((one) => [one[0], (weights.get(one[0])?.dataSync() as Float32Array | undefined) ?? zeros(one)])); // prettier-ignore
  const steps = [1, 2, 3, 4, 5].map((step) => ({
    ...Object.fromEntries(Object.entries(updateNumbers(plan, step, lr)).map(([name, value]) => [name, Float32Array.of(value)])),
    ...(step === 1 ? { ...state, ...valuesOf(inputs) } : {}),
  })); // prettier-ignore
  return { program, steps };
}
