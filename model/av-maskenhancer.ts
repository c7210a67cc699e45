import * as tf from '@tensorflow/tfjs-core';
import type { NormMode } from './batch-norm.js';
import { classifierSpecs, classify } from './classifier.js';
import type { ModelConfig } from './config.js';
import { decode, decoderSpecs, pictureStream } from './decoder.js';
import type { Seed } from './dropout.js';
import { fuse, fusionSpecs, slotMembership, type AttentionWatcher } from './fusion.js';
import { gatherTokens, maskedFlags, placeTokens } from './gather.js';
import { positionsOf, slotsOf } from './geometry.js';
import { linear } from './layers.js';
import { meanSquaredError, reconstructionTargets } from './loss.js';
import { denormalizeTubelets, normalizePixels, patchify, tubeletMoments } from './patch.js';
import { soundTokens, soundTokenSpecs, type SoundBatch } from './sound-tokens.js';
import type { ConfigProblem, ReconstructedTokens, System } from './system.js';
import { encodeVisible, visualEncoderSpecs } from './visual-encoder.js';
import type { Weights, WeightSpec } from './weights.js';

/** A batch on the device. */
export interface ModelBatch extends SoundBatch {
  /** RGB 0..255, `[B, T, H, W, 3]`. */
  readonly video: tf.Tensor;
  /** int32 `[B, visible]`, ascending. */
  readonly visible: tf.Tensor;
  /** int32 `[B, masked]`, ascending. */
  readonly masked: tf.Tensor;
  /** Of systems that hear by log-mel spectra. */
  readonly spectrum?: MaskedSpectrum | undefined;
}

/** Log-mel spectra, and which of their patches are seen. */
export type MaskedSpectrum = {
  /** Standardised, `[B, N_len, bands]`. */
  readonly mel: tf.Tensor;
  /** int32 `[B, visible]`, ascending; patches in the order (band, time). */
  readonly visible: tf.Tensor;
  /** int32 `[B, masked]`, ascending. */
  readonly masked: tf.Tensor;
};

/** How the forward pass runs; in training with batch statistics and dropout. */
export interface ForwardMode {
  readonly norm: NormMode;
  /** Seeds of the dropout masks, one a place; only asked for in training. */
  readonly nextSeed: () => Seed;
  /** Looks on at the attention of the fusion; tokens are visible first, as everywhere in the decoder. */
  readonly watch?: AttentionWatcher;
  /** Is shown the parts of a loss that has some, by their names. */
  readonly note?: (parts: Readonly<Record<string, tf.Scalar>>) => void;
}

/** Inference: running statistics, no dropout. */
export const INFERENCE: ForwardMode = { norm: { training: false }, nextSeed: () => '' };

/**
 * All weights of a model: VideoMAE's under their original names, the sound's beside them.
 * ViT-S has 24,029,376 of the picture alone, 25,482,070 with sound, 28,146,262 with cross-attention;
 * the learned "no sound" token (one of audio width) comes on top of the paper's count.
 */
export function pretrainSpecs(config: ModelConfig): WeightSpec[] {
  const picture = [...visualEncoderSpecs(config), ...decoderSpecs(config)];
  if (config.variant === 'v') return picture;
  return [...picture, ...soundTokenSpecs(config), ...fusionSpecs(config)];
}

/** The picture stream with the sound in it, visible tokens first. @returns `[B, N, decoderWidth]` */
function decoderInput(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
  mode: ForwardMode,
): tf.Tensor {
  const tubelets = patchify(normalizePixels(batch.video), config);
  const encoded = encodeVisible(tubelets, batch.visible, weights, config);
  const picture = pictureStream(encoded, batch.visible, batch.masked, weights, config);
  if (config.variant === 'v') return picture;
  const tokens = soundTokens(batch, weights, config, mode.norm);
  const sound = linear(tokens, weights('audio_to_decoder.weight'));
  const order = tf.concat([batch.visible, batch.masked], 1);
  const slots = tf.floorDiv(order, tf.scalar(positionsOf(config), 'int32'));
  const dropout = mode.norm.training
    ? { rate: config.dropout, nextSeed: mode.nextSeed }
    : undefined;
  const member = slotMembership(slots, slotsOf(config));
  return fuse(picture, sound, member, weights, config, dropout, mode.watch);
}

/**
 * Predicts tubelets from the visible ones and the sound.
 * @param all predict all tokens, visible first, instead of the masked ones only
 * @returns `[B, masked or N, values]`
 */
export function pretrainForward(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
  mode: ForwardMode,
  all = config.lossOver === 'all',
): tf.Tensor {
  const tokens = decoderInput(batch, weights, config, mode);
  const count = all ? (tokens.shape[1] ?? 0) : (batch.masked.shape[1] ?? 0);
  return decode(tokens, count, weights, config);
}

/** The pre-training loss (eq. 7): mean squared error of the predicted tubelets. */
export function pretrainLoss(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
  mode: ForwardMode,
): tf.Scalar {
  const prediction = pretrainForward(batch, weights, config, mode);
  const order =
    config.lossOver === 'all' ? tf.concat([batch.visible, batch.masked], 1) : batch.masked;
  const target = gatherTokens(reconstructionTargets(batch.video, config), order);
  return meanSquaredError(prediction, target);
}

/** What a model makes of what it does not see; texture only where the targets are normalised. */
export function reconstructTubelets(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
): ReconstructedTokens {
  const original = reconstructionTargets(batch.video, { ...config, target: 'raw' });
  const predicted = pretrainForward(batch, weights, config, INFERENCE, true);
  const order = tf.concat([batch.visible, batch.masked], 1);
  const placed = placeTokens(predicted, order);
  const made = config.target === 'normalised' ? denormalizeTubelets(placed, tubeletMoments(original)) : placed; // prettier-ignore
  const masked = batch.masked.shape[1] ?? 0;
  const hidden = maskedFlags(batch.visible, batch.masked);
  const { frames, tubelet } = config;
  return { frames, tubelet, original, made, hidden, masked };
}

/** The audio encoder gives one token for four MFCC frames; they are pooled to the slots. */
function problems(config: ModelConfig): ConfigProblem[] {
  const slots = slotsOf(config);
  const fits = Math.ceil(config.mfccFrames / 4) % slots === 0;
  if (config.variant === 'v' || !Number.isInteger(slots) || fits) return [];
  const unit = 4 * slots;
  const nearest = Math.max(1, Math.round(config.mfccFrames / unit)) * unit;
  const message = `must be a multiple of 4 · frames / tubelet (${unit}); the nearest is ${nearest}`;
  return [{ field: 'mfccFrames', message }];
}

const common = {
  input: { frames: 'all', mel: false },
  problems,
  specs: pretrainSpecs,
  loss: pretrainLoss,
  reconstruct: reconstructTubelets,
  classifierSpecs,
  classify,
} as const;

/** With sound, through cross-attention or without. */
export const avMaskEnhancer: System = { ...common, fusions: ['fused', 'late', 'picture'] };

/** Picture only. */
export const videoMae: System = { ...common, fusions: ['picture'] };
