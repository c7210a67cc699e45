import * as tf from '@tensorflow/tfjs-core';
import type { ModelBatch, ModelConfig } from '../model/index.js';
import type { ClipBatch } from './batch.js';

/** Puts a batch onto the device; the tensors are the caller's to dispose of. */
export function toModelBatch(batch: ClipBatch, config: ModelConfig): ModelBatch {
  const clips = batch.keys.length;
  const { frames, imageSize, mfccFrames, cepstra } = config;
  // TensorFlow.js has no bytes; as floats they need not be cast where they are used.
  const video = tf.tensor(new Float32Array(batch.video), [clips, frames, imageSize, imageSize, 3]);
  return {
    video,
    visible: tf.tensor2d(batch.visible, [clips, batch.visible.length / clips], 'int32'),
    masked: tf.tensor2d(batch.masked, [clips, batch.masked.length / clips], 'int32'),
    mfcc: tf.tensor3d(batch.mfcc, [clips, mfccFrames, cepstra]),
    audioPresent: tf.tensor1d(batch.audioPresent),
  };
}
