import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { ModelConfig } from './config.js';
import type { ForwardMode, LabelBatch } from './forward.js';
import { dropout } from '../engine/ops/dropout.js';
import { fuse, fusionSpecs, slotMembership } from './fusion.js';
import { positionsOf, slotsOf } from './layers/geometry.js';
import { linear } from '../engine/ops/layers.js';
import { normalizePixels, patchify } from './layers/patch.js';
import { positionTable } from './layers/position.js';
import { audioTokens, audioTokenSpecs, audioWidth } from './audio-tokens.js';
import { layerNormNamed, layerNormSpecs, linearNamed, linearSpecs } from './layers/transformer.js';
import { encodeAll, encoderBodySpecs } from './videomae.js';
import type { Weights, WeightSpec } from './weights/weights.js';

/** What stands behind a pre-trained encoder to classify clips. */
export const classifierConfig = z.strictObject({
  classes: z.number().int().min(2),
  /**
   * How sound takes part, which the paper leaves open. `fused`: through the fusion of pre-training,
   * whose tokens, of decoder width, are pooled beside the encoder's; `late`: pooled sound and pooled
   * picture; `picture`: not at all (VideoMAE).
   */
  fusion: z.enum(['fused', 'late', 'picture']),
  /**
   * Where `fused`: what stands still is taken from picture and sound before they meet, and the sound's
   * mean over time is pooled beside them. Not so in runs of before 2026-11-27.
   */
  centreInTime: z.boolean().default(false),
  /** Dropout in front of the head. */
  dropout: z.number().min(0).lt(1).default(0.5),
  /** Stochastic depth of the encoder's last block. */
  dropPath: z.number().min(0).lt(1).default(0.2),
});
export type ClassifierConfig = z.infer<typeof classifierConfig>;

/**
 * The weights of a classifier. The picture's have the names of VideoMAE's fine-tuned models (no
 * `encoder.` in front), the sound's those of pre-training. ViT-B with 101 classes, picture only:
 * 86,304,869.
 */
export function classifierSpecs(config: ModelConfig, { classes, fusion, centreInTime }: ClassifierConfig): WeightSpec[] {
  const { width, decoderWidth } = config;
  const fused = (centreInTime ? 2 : 1) * decoderWidth;
  const features = fusion === 'fused' ? width + fused : width;
  return [
    ...encoderBodySpecs(config),
    ...(fusion === 'picture' ? [] : audioTokenSpecs(config)),
    ...(fusion === 'late' ? linearSpecs('late_fusion', width + audioWidth(config), width) : []),
    ...(fusion === 'fused'
      ? [
          ...layerNormSpecs('norm', width),
          ...linearSpecs('encoder_to_decoder', width, decoderWidth, false),
          ...fusionSpecs(config),
          ...layerNormSpecs('fusion_norm', decoderWidth),
          ...(centreInTime ? layerNormSpecs('still_audio_norm', decoderWidth) : []),
        ]
      : []),
    ...layerNormSpecs('fc_norm', width),
    { name: 'head.weight', shape: [classes, features], init: 'normal-2e-5', trainable: true },
    { name: 'head.bias', shape: [classes], init: 'zeros', trainable: true },
  ];
} // prettier-ignore

/** The name that a classifier's weight has in a pre-trained model. */
export const pretrainedName = (name: string): string =>
  /^(patch_embed|blocks|norm)\./.test(name) ? `encoder.${name}` : name;

/**
 * What changes in time: from the tokens of each position their mean over the slots is taken. Products
 * of picture and sound, averaged over a clip, are covariances in time then; what stands still swamps
 * them otherwise.
 * @param x `[B, slots · positions, C]`, slot by slot
 */
export function subtractTimeMean(x: tf.Tensor, slots: number): tf.Tensor {
  const [batch = 0, count = 0, width = 0] = x.shape;
  const grid = tf.reshape(x, [batch, slots, count / slots, width]);
  return tf.reshape(tf.sub(grid, tf.mean(grid, 1, true)), [batch, count, width]);
}

/**
 * The tokens with the sound in them.
 * @param encoded `[B, N, width]` @param audio projected, `[B, slots, decoderWidth]`
 * @returns `[B, N, decoderWidth]`
 */
export function fuseAll(
  encoded: tf.Tensor,
  audio: tf.Tensor,
  weights: Weights,
  config: ModelConfig,
  centreInTime: boolean,
  mode: ForwardMode,
): tf.Tensor {
  const [batch = 0, count = 0] = encoded.shape;
  const slotCount = slotsOf(config);
  const changing = (x: tf.Tensor) => (centreInTime ? subtractTimeMean(x, slotCount) : x);
  const normed = layerNormNamed(encoded, weights, 'norm');
  const narrow = linear(normed, weights('encoder_to_decoder.weight'));
  const width = config.decoderWidth;
  const video = tf.add(changing(narrow), tf.tensor3d(positionTable(count, width), [1, count, width])); // prettier-ignore
  const slots = Array.from({ length: batch * count }, (_, i) => Math.floor((i % count) / positionsOf(config))); // prettier-ignore
  const member = slotMembership(tf.tensor2d(slots, [batch, count], 'int32'), slotCount);
  const dropout = mode.norm.training ? { rate: config.dropout, nextSeed: mode.nextSeed } : undefined; // prettier-ignore
  return fuse(video, changing(audio), member, weights, config, dropout);
}

/**
 * What the head sees: one vector a clip.
 * @returns `[B, width]`; where fused, `[B, width + decoderWidth]`, or `[B, width + 2 · decoderWidth]` if
 *   centred in time
 */
function featuresOf(
  batch: LabelBatch,
  weights: Weights,
  config: ModelConfig,
  { fusion, centreInTime, dropPath }: ClassifierConfig,
  mode: ForwardMode,
): tf.Tensor {
  const tubelets = patchify(normalizePixels(batch.video), config);
  const paths = mode.norm.training ? { rate: dropPath, nextSeed: mode.nextSeed } : undefined;
  const encoded = encodeAll(tubelets, weights, config, paths);
  const pooled = tf.mean(encoded, 1);
  if (fusion === 'picture') return layerNormNamed(pooled, weights, 'fc_norm');
  const audio = audioTokens(batch, weights, config, mode.norm);
  if (fusion === 'late') {
    const both = tf.concat([pooled, tf.mean(audio, 1)], 1);
    return layerNormNamed(linearNamed(both, weights, 'late_fusion'), weights, 'fc_norm');
  }
  const narrow = linear(audio, weights('audio_to_decoder.weight'));
  const fused = tf.mean(fuseAll(encoded, narrow, weights, config, centreInTime, mode), 1);
  // Fusion is narrower than the encoder: by itself it would take half of the picture's width away.
  const normed = [layerNormNamed(pooled, weights, 'fc_norm'), layerNormNamed(fused, weights, 'fusion_norm')]; // prettier-ignore
  if (centreInTime) normed.push(layerNormNamed(tf.mean(narrow, 1), weights, 'still_audio_norm'));
  return tf.concat(normed, 1);
}

/**
 * Scores of the classes: mean over tokens → LayerNorm → dropout → head, as VideoMAE's classifier.
 * @returns logits `[B, classes]`
 */
export function classify(
  batch: LabelBatch,
  weights: Weights,
  config: ModelConfig,
  head: ClassifierConfig,
  mode: ForwardMode,
): tf.Tensor {
  const features = featuresOf(batch, weights, config, head, mode);
  const kept = mode.norm.training && head.dropout > 0 ? dropout(features, head.dropout, mode.nextSeed()) : features; // prettier-ignore
  return linearNamed(kept, weights, 'head');
}

/**
 * Cross-entropy against soft labels, the mean over the clips: label smoothing, mixup and cutmix all
 * come as the distribution that a clip's label is.
 * @param logits `[B, classes]` @param labels rows that add up to 1, `[B, classes]`
 */
export function softCrossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), -1)));
}

/** One-hot rows with a share of `smoothing` spread evenly over all classes. @returns `[B, classes]` */
export function smoothLabels(labels: readonly number[], classes: number, smoothing: number): tf.Tensor2D {
  const off = smoothing / classes;
  const rows = labels.map((label) =>
    Array.from({ length: classes }, (_, i) => off + (i === label ? 1 - smoothing : 0)),
  );
  return tf.tensor2d(rows, [labels.length, classes]);
} // prettier-ignore
