/**
 * AV-MaskEnhancer (arXiv 2309.08738, Fig. 1). One step of pre-training, top to bottom:
 *
 *     video ─ tubelets ─ visible ones ─ E_v ─┐                       (eqs. 1, 4: videomae.ts)
 *                                   mask tokens ─ video stream ─┐    (eq. 5)
 *     MFCC ─ E_a ─ one token a temporal slot ─── audio stream ──┤    (eq. 3: audio-tokens.ts)
 *                                          A2V, V2A, self ─ fused    (eqs. 2, 6: fusion.ts)
 *                                                    decoder D_av ─ pixels ─ MSE   (eq. 7)
 */
import * as tf from '@tensorflow/tfjs-core';
import { gatherTokens, maskedFlags, placeTokens } from '../engine/ops/gather.js';
import { linear } from '../engine/ops/layers.js';
import { audioTokens, audioTokenSpecs } from './audio-tokens.js';
import type { ModelConfig } from './config.js';
import { INFERENCE, type ForwardMode, type ModelBatch } from './forward.js';
import { fuse, fusionSpecs, slotMembership } from './fusion.js';
import { positionsOf, slotsOf } from './layers/geometry.js';
import { denormalizeTubelets, patchify, tubeletMoments } from './layers/patch.js';
import { meanSquaredError, reconstructionTargets } from './losses/reconstruction.js';
import type { ReconstructedTokens } from './system.js';
import {
  decode,
  decoderSpecs,
  encodeVisible,
  videoStream,
  visualEncoderSpecs,
} from './videomae.js';
import type { Weights, WeightSpec } from './weights/weights.js';

/**
 * All weights of a model: VideoMAE's under their original names, those of the sound beside them.
 * ViT-S has 24,029,376 for video alone, 25,482,070 with sound, 28,146,262 with cross-attention; the
 * learned "no sound" token (one of audio width) comes on top of the paper's count.
 */
export function pretrainSpecs(config: ModelConfig): WeightSpec[] {
  const video = [...visualEncoderSpecs(config), ...decoderSpecs(config)];
  if (config.variant === 'v') return video;
  return [...video, ...audioTokenSpecs(config), ...fusionSpecs(config)];
}

/** The order of tokens behind the encoder: visible first, then masked, int32 `[B, N]`. */
const visibleFirst = ({ visible, masked }: ModelBatch) => tf.concat([visible, masked], 1);

/** The fused stream that the decoder takes, visible tokens first. @returns `[B, N, decoderWidth]` */
function fusedStream(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
  mode: ForwardMode,
): tf.Tensor {
  // I_v → tubelets (eq. 4); E_v sees the visible ones only (eq. 1).
  const tubelets = patchify(batch.video, config);
  const encoded = encodeVisible(tubelets, batch.visible, weights, config);
  // T_v: encoded tokens and mask tokens, both with their positions, at decoder width C_d (eq. 5).
  const video = videoStream(encoded, batch.visible, batch.masked, weights, config);
  if (config.variant === 'v') return video;
  // T_a: E_a of the MFCC (eq. 3), one token a temporal slot, at decoder width.
  const tokens = audioTokens(batch, weights, config, mode.norm);
  const audio = linear(tokens, weights('audio_to_decoder.weight'));
  // Each video token meets the audio token of its own slot (eqs. 2 and 6).
  const slots = tf.floorDiv(visibleFirst(batch), tf.scalar(positionsOf(config), 'int32'));
  const dropout = mode.norm.training
    ? { rate: config.dropout, nextSeed: mode.nextSeed }
    : undefined;
  const membership = slotMembership(slots, slotsOf(config));
  return fuse(video, audio, membership, weights, config, dropout, mode.watch);
}

/**
 * Predicts tubelets from the visible ones and the sound: D_av of the fused stream.
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
  const tokens = fusedStream(batch, weights, config, mode);
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
  const order = config.lossOver === 'all' ? visibleFirst(batch) : batch.masked;
  const target = gatherTokens(reconstructionTargets(batch.video, config), order);
  return meanSquaredError(prediction, target);
}

/**
 * Reconstructs all tubelets. Where targets are normalised the model predicts texture alone: mean
 * and deviation of each tubelet are the original's, as in VideoMAE's own visualisations.
 */
export function reconstructTubelets(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
): ReconstructedTokens {
  const original = reconstructionTargets(batch.video, { ...config, target: 'raw' });
  const predicted = pretrainForward(batch, weights, config, INFERENCE, true);
  const placed = placeTokens(predicted, visibleFirst(batch));
  const reconstruction =
    config.target === 'normalised' ? denormalizeTubelets(placed, tubeletMoments(original)) : placed;
  const masked = batch.masked.shape[1] ?? 0;
  const hidden = maskedFlags(batch.visible, batch.masked);
  const { frames, tubelet } = config;
  return { frames, tubelet, original, reconstruction, hidden, masked };
}
