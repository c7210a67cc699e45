import * as tf from '@tensorflow/tfjs-core';
import { audioEncoderSpecs, encodeAudio, poolToSlots, type AudioEncoderOptions } from './audio-encoder.js'; // prettier-ignore
import type { NormMode } from './batch-norm.js';
import type { ModelConfig } from './config.js';
import { slotsOf } from './geometry.js';
import { specsUnder, under, type Weights, type WeightSpec } from './weights.js';

const AUDIO = 'audio_encoder';

/** The sound of a batch on the device. */
export interface SoundBatch {
  /** Standardised, `[B, N_len, cepstra]`. */
  readonly mfcc: tf.Tensor;
  /** 1 where there is sound, `[B]`. */
  readonly audioPresent: tf.Tensor;
}

const audioOptions = (config: ModelConfig): AudioEncoderOptions => ({
  filters: config.audioFilters,
  layers: config.audioLayers,
  dilation: config.audioDilation,
});

/** Width of a sound token. */
export const soundWidth = (config: ModelConfig) => config.audioFilters[3] ?? 0;

/** The weights of the audio encoder and of the learned "no sound" token. */
export function soundTokenSpecs(config: ModelConfig): WeightSpec[] {
  return [
    ...specsUnder(AUDIO, audioEncoderSpecs(audioOptions(config))),
    { name: 'no_sound_token', shape: [1, 1, soundWidth(config)], init: 'normal-0.02', trainable: true }, // prettier-ignore
  ];
}

/** One audio token a temporal slot; the learned token where there is no sound. @returns `[B, slots, filters[3]]` */
export function soundTokens(
  batch: SoundBatch,
  weights: Weights,
  config: ModelConfig,
  norm: NormMode,
): tf.Tensor {
  const mode = norm.training ? { ...norm, counted: batch.audioPresent } : norm;
  const encoded = encodeAudio(batch.mfcc, under(weights, AUDIO), audioOptions(config), mode, `${AUDIO}.`); // prettier-ignore
  const tokens = poolToSlots(encoded, slotsOf(config));
  const present = tf.reshape(batch.audioPresent, [-1, 1, 1]);
  return tf.add(tf.mul(tokens, present), tf.mul(weights('no_sound_token'), tf.sub(1, present)));
}
