import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../config.js';
import { normalizeTubelets, patchify } from '../layers/patch.js';

/**
 * What is to be reconstructed: tubelets of pixels in [0, 1], normalised or raw (eq. 7).
 * @param video `[B, T, H, W, 3]`, 0..255 @returns `[B, N, values]`
 */
export function reconstructionTargets(video: tf.Tensor, config: ModelConfig): tf.Tensor {
  const tubelets = patchify(tf.div(tf.cast(video, 'float32'), 255), config);
  return config.target === 'normalised' ? normalizeTubelets(tubelets) : tubelets;
}

/**
 * Mean squared error over all values (eq. 7), one axis after the other: wasm adds up one value after
 * the other in float32, and a sum of millions of them stops growing. In one go the loss of 8 clips
 * came out 4 % too low.
 * @param prediction `[B, N, values]` @param target of the same shape
 */
export function meanSquaredError(prediction: tf.Tensor, target: tf.Tensor): tf.Scalar {
  const squares = tf.square(tf.sub(prediction, target));
  return tf.mean(tf.mean(tf.mean(squares, -1), -1));
}
