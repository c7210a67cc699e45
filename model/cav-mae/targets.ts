import * as tf from '@tensorflow/tfjs-core';
import type { Seen } from './decoder.js';
import type { ModelConfig } from '../config.js';
import { gatherTokens } from '../../engine/ops/gather.js';

/** Mean and deviation of each whole patch, all channels together, `[B, N, 1]`. */
export function patchMoments(patches: tf.Tensor) {
  const values = patches.shape[2] ?? 1;
  const mean = tf.mean(patches, 2, true);
  const squares = tf.sum(tf.square(tf.sub(patches, mean)), 2, true);
  return { mean, deviation: tf.sqrt(tf.add(tf.div(squares, Math.max(1, values - 1)), 1e-6)) };
}

/** What is to be reconstructed of patches: each at mean 0 and deviation 1, or as they are. */
function targets(patches: tf.Tensor, { target }: ModelConfig): tf.Tensor {
  if (target === 'raw') return patches;
  const { mean, deviation } = patchMoments(patches);
  return tf.div(tf.sub(patches, mean), deviation);
}

/** Mean squared error of each clip. @returns `[B]` */
export function clipErrors(
  prediction: tf.Tensor,
  patches: tf.Tensor,
  { visible, masked }: Seen,
  config: ModelConfig,
): tf.Tensor {
  const order = config.lossOver === 'all' ? tf.concat([visible, masked], 1) : masked;
  const wanted = gatherTokens(targets(patches, config), order);
  return tf.mean(tf.mean(tf.square(tf.sub(prediction, wanted)), -1), -1);
}
