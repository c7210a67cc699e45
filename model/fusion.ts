import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from './config.js';
import type { AttentionWatcher, FusionLayer } from './forward.js';
import { attend, crossAttention, crossAttentionSpecs, headsFor, settle, type CrossAttentionOptions } from './layers/cross-attention.js'; // prettier-ignore
import { linear } from '../engine/ops/layers.js';
import { linearSpecs } from './layers/transformer.js';
import { specsUnder, under, type Weights, type WeightSpec } from './weights/weights.js';

/** Which of the fusion's attention layers a system has. */
export const crosses = ({ variant }: ModelConfig) => variant === 'av' || variant === 'av-cross';
const attendsToItself = ({ variant }: ModelConfig) => variant === 'av' || variant === 'av-self';

/** Weights of the fusion at decoder width (paper, Fig. 1 and eqs. 2 and 6). */
export function fusionSpecs(config: ModelConfig): WeightSpec[] {
  const { decoderWidth: width } = config;
  const audioWidth = config.audioFilters[3] ?? 0;
  return [
    ...linearSpecs('audio_to_decoder', audioWidth, width, false),
    ...(crosses(config)
      ? [
          ...specsUnder('cross_a2v', crossAttentionSpecs(width)),
          ...specsUnder('cross_v2a', crossAttentionSpecs(width)),
        ]
      : []),
    ...(attendsToItself(config) ? specsUnder('self_av', crossAttentionSpecs(2 * width)) : []),
    ...linearSpecs('fusion_to_decoder', 2 * width, width, false),
  ];
}

/**
 * Gives each token the row of its temporal slot.
 * @param rows `[B, slots, C]` @param member one-hot slot of each token, `[B, N, slots]` @returns `[B, N, C]`
 */
function expandSlots(rows: tf.Tensor, member: tf.Tensor): tf.Tensor {
  // A product with a one-hot matrix has a gradient on every backend, and tokens may come in any order.
  return tf.matMul(member, rows);
}

/** @param slots of each token, int32 `[B, N]` @returns float32 `[B, N, count]` */
export function slotMembership(slots: tf.Tensor, count: number): tf.Tensor {
  return tf.cast(tf.oneHot(slots as tf.Tensor2D, count), 'float32');
}

type LayerOptions = (layer: FusionLayer, channels: number) => CrossAttentionOptions;

/**
 * Both directions of the cross-attention (eq. 6).
 * @returns audio and video, each `[B, N, decoderWidth]`
 */
function cross(
  video: tf.Tensor,
  audio: tf.Tensor,
  member: tf.Tensor,
  weights: Weights,
  options: LayerOptions,
): [tf.Tensor, tf.Tensor] {
  const width = video.shape[2] ?? 0;
  // A2V: src = sound, tar = picture. The residual is on src, so every token gets its slot's row.
  const a2v = under(weights, 'cross_a2v');
  const a2vOptions = options('cross_a2v', width);
  const audioAttended = attend(audio, video, a2v, a2vOptions);
  const audioFused = settle(expandSlots(audio, member), audioAttended, a2v, a2vOptions);
  // V2A: src = picture, tar = sound: one answer a slot, given to each of its tokens.
  const v2a = under(weights, 'cross_v2a');
  const v2aOptions = options('cross_v2a', width);
  const videoAttended = expandSlots(attend(video, audio, v2a, v2aOptions), member);
  return [audioFused, settle(video, videoAttended, v2a, v2aOptions)];
}

/**
 * Fuses sound into the picture stream. The sound stream has only one distinct row a temporal slot,
 * each repeated equally often: attention over the rows equals attention over their repetitions, and
 * attention from them gives the same answer to each repetition. So both run on `slots` rows instead
 * of N, which is mathematically equal and about 200 times cheaper. In training, dropout of the shares
 * then drops a slot where it would have dropped single keys of it: the same in the mean.
 * @param video `[B, N, decoderWidth]` @param audio `[B, slots, decoderWidth]`, projected
 * @param member `[B, N, slots]` @returns `[B, N, decoderWidth]`
 */
export function fuse(
  video: tf.Tensor,
  audio: tf.Tensor,
  member: tf.Tensor,
  weights: Weights,
  config: ModelConfig,
  dropout: CrossAttentionOptions['dropout'],
  watch?: AttentionWatcher,
): tf.Tensor {
  const options: LayerOptions = (layer, channels) => ({
    heads: headsFor(channels, config.fusionHeads),
    dropout,
    watch: watch && ((attention) => { watch(layer, attention); }),
  }); // prettier-ignore
  const streams = crosses(config)
    ? cross(video, audio, member, weights, options)
    : [expandSlots(audio, member), video];
  const both = tf.concat(streams, 2);
  const fused = attendsToItself(config)
    ? crossAttention(both, both, under(weights, 'self_av'), options('self_av', 2 * config.decoderWidth)) // prettier-ignore
    : both;
  return linear(fused, weights('fusion_to_decoder.weight'));
}
