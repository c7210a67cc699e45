import type * as tf from '@tensorflow/tfjs-core';
import { avMaskEnhancer, videoMae, type ForwardMode, type ModelBatch } from './av-maskenhancer.js';
import { cavMae } from './cav-mae.js';
import type { ClassifierConfig, LabelBatch } from './classifier.js';
import type { ModelConfig } from './config.js';
import type { ReconstructedTokens, System } from './system.js';
import type { Weights, WeightSpec } from './weights.js';

/** All systems by their names, the `variant` of a configuration. To add one: a file that makes it, and a line here. */
export const SYSTEMS = {
  av: avMaskEnhancer,
  'av-no-cross': avMaskEnhancer,
  v: videoMae,
  'cav-mae': cavMae,
} as const satisfies Readonly<Record<string, System>>;

export type SystemName = keyof typeof SYSTEMS;

export const SYSTEM_NAMES = Object.keys(SYSTEMS) as [SystemName, ...SystemName[]];

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
