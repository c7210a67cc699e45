import type * as tf from '@tensorflow/tfjs-core';
import {
  pretrainLoss as maskedLoss,
  pretrainSpecs as specs,
  reconstructTubelets,
} from './av-maskenhancer.js';
import { cavMae } from './cav-mae.js';
import * as classifier from './classifier.js';
import type { ClassifierConfig } from './classifier.js';
import type { ModelConfig, SystemName } from './config.js';
import type { ForwardMode, LabelBatch, ModelBatch } from './forward.js';
import { slotsOf } from './layers/geometry.js';
import { represent } from './represent.js';
import type { ConfigProblem, ReconstructedTokens, System } from './system.js';
import type { Weights, WeightSpec } from './weights/weights.js';

/** The audio encoder yields one token for four MFCC frames; they are pooled to the slots. */
function problems(config: ModelConfig): ConfigProblem[] {
  const slots = slotsOf(config);
  const fits = Math.ceil(config.mfccFrames / 4) % slots === 0;
  if (config.variant === 'v' || !Number.isInteger(slots) || fits) return [];
  const unit = 4 * slots;
  const nearest = Math.max(1, Math.round(config.mfccFrames / unit)) * unit;
  const message = `must be a multiple of 4 · frames / tubelet (${unit}); the nearest is ${nearest}`;
  return [{ field: 'mfccFrames', message }];
}

/** With sound, through all attention layers of the fusion, some of them, or none. */
const avMaskEnhancer: System = {
  input: { frames: 'all', mel: false },
  fusions: ['fused', 'late', 'picture'],
  problems,
  specs,
  loss: maskedLoss,
  reconstruct: reconstructTubelets,
  classifierSpecs: classifier.classifierSpecs,
  classify: classifier.classify,
  represent,
};

/** Video only. */
const videoMae: System = { ...avMaskEnhancer, fusions: ['picture'] };

/** All systems by name. To add one: write a file that makes it, name it in config.ts, list it here. */
const SYSTEMS: Readonly<Record<SystemName, System>> = {
  av: avMaskEnhancer,
  'av-self': avMaskEnhancer,
  'av-cross': avMaskEnhancer,
  'av-no-cross': avMaskEnhancer,
  v: videoMae,
  'cav-mae': cavMae,
};

export const systemOf = ({ variant }: Pick<ModelConfig, 'variant'>): System => SYSTEMS[variant];

/** The weights that pre-training a model takes. */
export function pretrainSpecs(config: ModelConfig): WeightSpec[] {
  return systemOf(config).specs(config);
}

/** What pre-training minimises, the mean over the batch's clips. */
export function pretrainLoss(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
  mode: ForwardMode,
): tf.Scalar {
  return systemOf(config).loss(batch, weights, config, mode);
}

/** What a model makes of the picture that it does not see, in inference. */
export function reconstructTokens(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
): ReconstructedTokens {
  return systemOf(config).reconstruct(batch, weights, config);
}

/** The weights of a classifier. */
export function classifierSpecs(config: ModelConfig, head: ClassifierConfig): WeightSpec[] {
  return systemOf(config).classifierSpecs(config, head);
}

/** Scores of the classes. @returns logits `[B, classes]` */
export function classify(
  batch: LabelBatch,
  weights: Weights,
  config: ModelConfig,
  head: ClassifierConfig,
  mode: ForwardMode,
): tf.Tensor {
  return systemOf(config).classify(batch, weights, config, head, mode);
}
