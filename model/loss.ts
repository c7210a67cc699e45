import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from './config.js';
import { normalizeTubelets, patchify } from './patch.js';

/**
 * What is to be reconstructed: tubelets of pixels in [0, 1], normalised or raw (eq. 7).
 * @param video `[B, T, H, W, 3]`, 0..255 @returns `[B, N, values]`
 */
export function reconstructionTargets(video: tf.Tensor, config: ModelConfig): tf.Tensor {
  const tubelets = patchify(tf.div(tf.cast(video, 'float32'), 255), config);
  return config.target === 'normalised' ? normalizeTubelets(tubelets) : tubelets;
}

/** Mean squared error over all values (eq. 7). */
export function meanSquaredError(prediction: tf.Tensor, target: tf.Tensor): tf.Scalar {
  return tf.mean(tf.square(tf.sub(prediction, target)));
}
