import { INFERENCE, type ForwardMode } from '../../model/forward.js';
import * as tf from '@tensorflow/tfjs-core';

import { pretrainLoss, pretrainSpecs } from '../../model/systems.js';
import type { ModelConfig } from '../../model/config.js';
import type { Weights, WeightSpec } from '../../model/weights/weights.js';
import type { Tensors } from '../../engine/graph/capture.js';
import type { HostValues } from '../../engine/xla/device.js';
import type { ClipBatch } from '../batch/batch.js';
import { tensorsOf, toModelBatch } from '../batch/model-batch.js';

/** A batch on the device. */
export interface LoadedBatch {
  /** All tensors that the loss takes besides weights, by names. */
  readonly tensors: Tensors;
  /** The mean over the batch's clips; differentiable in the weights. */
  loss(weights: Weights, mode: ForwardMode): tf.Scalar;
  /** What the model makes of the batch as it is: the loss and, of what classifies, the clips that are right. */
  measure(weights: Weights): { readonly loss: tf.Scalar; readonly right?: tf.Scalar };
  dispose(): void;
}

/** What training minimises, over batches of type `B`. */
export interface Objective<B> {
  /** The weights that it takes. */
  readonly specs: readonly WeightSpec[];
  /** @param purpose `measure`: as it is; `learn`: made harder, where the objective does that */
  load(batch: B, purpose: 'learn' | 'measure'): LoadedBatch;
  /**
   * The same tensors as they lie in memory, pixels as bytes, for a device that takes them so; undefined where they
   * come from {@link load} alone.
   */
  values?(batch: B): Readonly<Record<string, HostValues>> | undefined;
  /** What a weight's learning rate is multiplied by; 1 where it is not given. */
  readonly rateScale?: (name: string) => number;
}

/** Reconstruction of what was masked (eq. 7). */
export function reconstructionObjective(config: ModelConfig): Objective<ClipBatch> {
  return {
    specs: pretrainSpecs(config),
    values: ({ video, visible, masked, mfcc, audioPresent, mel }) =>
      mel === undefined ? { video, visible, masked, mfcc, audioPresent } : undefined,
    load(batch) {
      const input = toModelBatch(batch, config);
      return {
        tensors: tensorsOf(input),
        loss: (weights, mode) => pretrainLoss(input, weights, config, mode),
        measure: (weights) => ({ loss: pretrainLoss(input, weights, config, INFERENCE) }),
        dispose() {
          tf.dispose({ ...input });
        },
      };
    },
  };
}
