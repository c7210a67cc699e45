import * as tf from '@tensorflow/tfjs-core';
import { audioEncoderSpecs, encodeAudio, poolToSlots, type AudioEncoderOptions } from './layers/audio-encoder.js'; // prettier-ignore
import type { NormMode } from './layers/batch-norm.js';
import type { ModelConfig } from './config.js';
import type { AudioBatch } from './forward.js';
import { slotsOf } from './layers/geometry.js';
import { specsUnder, under, type Weights, type WeightSpec } from './weights/weights.js';

const AUDIO = 'audio_encoder';

const audioOptions = (config: ModelConfig): AudioEncoderOptions => ({
  filters: config.audioFilters,
  layers: config.audioLayers,
  dilation: config.audioDilation,
});

/** Width of an audio token. */
export const audioWidth = (config: ModelConfig) => config.audioFilters[3] ?? 0;

/** The weights of the audio encoder and of the learned "no sound" token. */
export function audioTokenSpecs(config: ModelConfig): WeightSpec[] {
  return [
    ...specsUnder(AUDIO, audioEncoderSpecs(audioOptions(config))),
    { name: 'no_sound_token', shape: [1, 1, audioWidth(config)], init: 'normal-0.02', trainable: true }, // prettier-ignore
  ];
}

/**
 * T_a: E_a of the MFCC, pooled to one audio token a temporal slot (eq. 3); the learned token where a
 * clip has no sound. @returns `[B, slots, filters[3]]`
 */
export function audioTokens(
  batch: AudioBatch,
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
