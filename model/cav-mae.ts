import { type ForwardMode, type ModelBatch } from './forward.js';
import * as tf from '@tensorflow/tfjs-core';

import { cavMaeClassifierSpecs, classifyByCavMae } from './cav-mae/classifier.js';
import { representByCavMae } from './cav-mae/represent.js';
import { cavMaeDecoderSpecs, decodeBoth, spectrumOf } from './cav-mae/decoder.js';
import {
  encodeJoint,
  encodeOwn,
  jointEncoderSpecs,
  ownEncoderSpecs,
  framePatches,
  spectrumPatches,
} from './cav-mae/encoder.js';
import { clipErrors, patchMoments } from './cav-mae/targets.js';
import type { ModelConfig } from './config.js';
import { infoNce } from './losses/contrastive.js';
import { maskedFlags, placeTokens } from '../engine/ops/gather.js';
import { denormalizePixels } from './layers/patch.js';
import type { ConfigProblem, ReconstructedTokens, System } from './system.js';
import type { Weights, WeightSpec } from './weights/weights.js';

/** Weight of the contrastive loss beside the two of reconstruction (paper, eq. 6). */
export const CONTRAST_WEIGHT = 0.01;
/** τ of the contrastive loss. */
const TEMPERATURE = 0.05;

/**
 * All weights of CAV-MAE (Gong et al. 2023) under the original's names. Its base model has 190,129,920,
 * of which 167,936 are norms that no pass of it goes through; these are left out here.
 */
export function cavMaeSpecs(config: ModelConfig): WeightSpec[] {
  return [
    ...ownEncoderSpecs(config, 'a'),
    ...ownEncoderSpecs(config, 'v'),
    ...jointEncoderSpecs(config, ['', '_a', '_v']),
    ...cavMaeDecoderSpecs(config),
  ];
}

interface Encoded {
  /** Of both modalities together, sound first, `[B, na + nv, width]`. */
  readonly joint: tf.Tensor;
  /** Of each by itself through the joint encoder, pooled, `[B, width]`. */
  readonly sound: tf.Tensor;
  readonly picture: tf.Tensor;
}

function encode(batch: ModelBatch, weights: Weights, config: ModelConfig): Encoded {
  const { mel, visible } = spectrumOf(batch);
  const a = encodeOwn(spectrumPatches(mel, config), visible, weights, config, 'a');
  const v = encodeOwn(framePatches(batch.video, config), batch.visible, weights, config, 'v');
  return {
    joint: encodeJoint(tf.concat([a, v], 1), weights, config, ''),
    sound: tf.mean(encodeJoint(a, weights, config, '_a'), 1),
    picture: tf.mean(encodeJoint(v, weights, config, '_v'), 1),
  };
}

/** The parts of the loss. */
export interface CavMaeLoss {
  /** Mean squared error of the picture's masked patches. */
  readonly video: tf.Scalar;
  /** Of the spectrum's; over the clips that have sound. */
  readonly audio: tf.Scalar;
  /** InfoNCE, before it is weighted. */
  readonly contrast: tf.Scalar;
}

/** What {@link cavMaeLoss} is made of. */
export function cavMaeLossParts(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
): CavMaeLoss {
  const spectrum = spectrumOf(batch);
  const encoded = encode(batch, weights, config);
  const made = decodeBoth(encoded.joint, batch, weights, config, config.lossOver === 'all');
  const present = batch.audioPresent;
  const errors = clipErrors(made.sound, spectrumPatches(spectrum.mel, config), spectrum, config);
  return {
    video: tf.mean(clipErrors(made.picture, framePatches(batch.video, config), batch, config)),
    audio: tf.div(tf.sum(tf.mul(errors, present)), tf.maximum(tf.sum(present), 1)),
    contrast: infoNce(encoded.sound, encoded.picture, present, TEMPERATURE),
  };
}

/**
 * The pre-training loss: the errors of both modalities' masked patches, and a hundredth of InfoNCE
 * between them (paper, eqs. 3 to 6).
 */
export function cavMaeLoss(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
  mode: ForwardMode,
): tf.Scalar {
  const { video, audio, contrast } = cavMaeLossParts(batch, weights, config);
  mode.note?.({ pictureLoss: video, soundLoss: audio, contrastLoss: contrast });
  return tf.add(tf.add(video, audio), tf.mul(contrast, CONTRAST_WEIGHT));
}

/** What it makes of the picture; brightness and contrast are the original's where targets are normalised. */
function reconstruct(batch: ModelBatch, weights: Weights, config: ModelConfig): ReconstructedTokens {
  const patches = framePatches(batch.video, config);
  const { joint } = encode(batch, weights, config);
  const { picture } = decodeBoth(joint, batch, weights, config, true);
  const order = tf.concat([batch.visible, batch.masked], 1);
  const placed = placeTokens(picture, order);
  const { mean, deviation } = patchMoments(patches);
  const reconstruction = config.target === 'raw' ? placed : tf.add(tf.mul(placed, deviation), mean);
  const pixels = (tokens: tf.Tensor) => {
    const [clips = 0, count = 0, values = 0] = tokens.shape;
    const colours = tf.reshape(tokens, [clips, count, values / 3, 3]);
    return tf.reshape(denormalizePixels(colours), tokens.shape);
  };
  const masked = batch.masked.shape[1] ?? 0;
  const hidden = maskedFlags(batch.visible, batch.masked);
  return { frames: 1, tubelet: 1, original: pixels(patches), reconstruction: pixels(reconstruction), hidden, masked };
} // prettier-ignore

function problems(config: ModelConfig): ConfigProblem[] {
  const { melBands, mfccFrames, patch, width, decoderWidth, depth } = config;
  const found: ConfigProblem[] = [];
  const must = (holds: boolean, field: keyof ModelConfig, message: string) => {
    if (!holds) found.push({ field, message });
  };
  must(depth > 1, 'depth', 'must be at least 2: one block is for both modalities');
  must(width % 4 === 0, 'width', 'must be a multiple of 4: positions have two axes');
  must(decoderWidth % 4 === 0, 'decoderWidth', 'must be a multiple of 4: positions have two axes');
  if (melBands === undefined) {
    must(false, 'melBands', 'cav-mae hears by log-mel spectra; make a cache that holds them with avme preprocess --mel 128'); // prettier-ignore
    return found;
  }
  must(melBands % patch === 0, 'melBands', `must be a multiple of the patch (${patch})`);
  must(mfccFrames % patch === 0, 'mfccFrames', `must be a multiple of the patch (${patch})`);
  return found;
}

/** The decoder is MAE's in the base model, and keeps its proportions to the encoder in smaller ones. */
const PRESETS = {
  ti: { decoderWidth: 128, decoderDepth: 8, decoderHeads: 4 },
  s: { decoderWidth: 256, decoderDepth: 8, decoderHeads: 8 },
  b: { decoderWidth: 512, decoderDepth: 8, decoderHeads: 16 },
  l: { decoderWidth: 512, decoderDepth: 8, decoderHeads: 16 },
} as const;

/** CAV-MAE: an encoder for each modality, one for both, reconstruction of both and a contrastive loss. */
export const cavMae: System = {
  input: { frames: 'one', mel: true },
  presets: PRESETS,
  fusions: ['fused', 'picture'],
  problems,
  specs: cavMaeSpecs,
  loss: cavMaeLoss,
  reconstruct,
  classifierSpecs: cavMaeClassifierSpecs,
  classify: classifyByCavMae,
  represent: representByCavMae,
};
