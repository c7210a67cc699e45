import * as tf from '@tensorflow/tfjs-core';
import { INFERENCE, type ForwardMode, type MaskedSpectrum, type ModelBatch } from './av-maskenhancer.js'; // prettier-ignore
import { cavMaeClassifierSpecs, classifyByCavMae } from './cav-mae-classifier.js';
import {
  encodeJoint,
  encodeOwn,
  gridPositions,
  jointEncoderSpecs,
  modalityTokenSpec,
  ownEncoderSpecs,
  picturePatches,
  spectrumPatches,
} from './cav-mae-encoder.js';
import type { ModelConfig } from './config.js';
import { infoNce } from './contrastive.js';
import { gatherTokens, placeTokens } from './gather.js';
import { modalityBlocks, modalityBlocksSpecs, normNamed } from './modality-block.js';
import { denormalizePixels } from './patch.js';
import type { ConfigProblem, ReconstructedTokens, System } from './system.js';
import { layerNormSpecs, linearNamed, linearSpecs } from './transformer.js';
import type { Weights, WeightSpec } from './weights.js';

/** Weight of the contrastive loss beside the two of reconstruction (paper, eq. 6). */
const CONTRAST_WEIGHT = 0.01;
/** τ of the contrastive loss. */
const TEMPERATURE = 0.05;

/**
 * All weights of CAV-MAE (Gong et al. 2023) under the original's names. Its base model has 190,129,920,
 * of which 167,936 are norms that no pass of it goes through; these are left out here.
 */
export function cavMaeSpecs(config: ModelConfig): WeightSpec[] {
  const { width, decoderWidth, decoderDepth, patch } = config;
  return [
    ...ownEncoderSpecs(config, 'a'),
    ...ownEncoderSpecs(config, 'v'),
    ...jointEncoderSpecs(config, ['', '_a', '_v']),
    ...linearSpecs('decoder_embed', width, decoderWidth),
    modalityTokenSpec('mask_token', decoderWidth),
    modalityTokenSpec('decoder_modality_a', decoderWidth),
    modalityTokenSpec('decoder_modality_v', decoderWidth),
    ...modalityBlocksSpecs('decoder_blocks', decoderDepth, decoderWidth),
    ...layerNormSpecs('decoder_norm', decoderWidth),
    ...linearSpecs('decoder_pred_a', decoderWidth, patch ** 2),
    ...linearSpecs('decoder_pred_v', decoderWidth, patch ** 2 * 3),
  ];
}

function spectrumOf({ spectrum }: ModelBatch): MaskedSpectrum {
  if (spectrum === undefined)
    throw new Error('cav-mae hears by log-mel spectra, and the batch holds none; preprocess with --mel 128'); // prettier-ignore
  return spectrum;
}

/** Which patches of a modality are seen, and which are not; int32 `[B, n]`. */
interface Seen {
  readonly visible: tf.Tensor;
  readonly masked: tf.Tensor;
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
  const v = encodeOwn(picturePatches(batch.video, config), batch.visible, weights, config, 'v');
  return {
    joint: encodeJoint(tf.concat([a, v], 1), weights, config, ''),
    sound: tf.mean(encodeJoint(a, weights, config, '_a'), 1),
    picture: tf.mean(encodeJoint(v, weights, config, '_v'), 1),
  };
}

/** Tokens of a modality at decoder width, visible first; what was masked is one learned token. */
function decoderTokens(
  narrow: tf.Tensor,
  { visible, masked }: Seen,
  weights: Weights,
  config: ModelConfig,
  modality: 'a' | 'v',
): tf.Tensor {
  const width = config.decoderWidth;
  const [batch = 0, count = 0] = masked.shape;
  const unseen = tf.tile(weights('mask_token'), [batch, count, 1]);
  const order = tf.concat([visible, masked], 1);
  const placed = tf.add(tf.concat([narrow, unseen], 1), gridPositions(config, modality, width, order)); // prettier-ignore
  return tf.add(placed, weights(`decoder_modality_${modality}`));
}

/** What the decoder says of the last `count` tokens of each modality: those that were masked, or all. */
function decode(
  joint: tf.Tensor,
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
  all: boolean,
): { readonly sound: tf.Tensor; readonly picture: tf.Tensor } {
  const heard = spectrumOf(batch);
  const narrow = linearNamed(joint, weights, 'decoder_embed');
  const counts = [heard.visible.shape[1] ?? 0, batch.visible.shape[1] ?? 0];
  const [a, v] = tf.split(narrow, counts, 1) as [tf.Tensor, tf.Tensor];
  const sound = decoderTokens(a, heard, weights, config, 'a');
  const picture = decoderTokens(v, batch, weights, config, 'v');
  const { decoderDepth: depth, decoderHeads: heads } = config;
  const out = modalityBlocks(tf.concat([sound, picture], 1), weights, 'decoder_blocks', depth, heads); // prettier-ignore
  const [clips = 0, , width = 0] = out.shape;
  const predict = (end: number, tokens: tf.Tensor, masked: tf.Tensor, head: string) => {
    const count = (all ? tokens : masked).shape[1] ?? 0;
    const last = tf.slice(out, [0, end - count, 0], [clips, count, width]);
    return linearNamed(normNamed(last, weights, 'decoder_norm'), weights, head);
  };
  const heardTokens = sound.shape[1] ?? 0;
  return {
    sound: predict(heardTokens, sound, heard.masked, 'decoder_pred_a'),
    picture: predict(out.shape[1] ?? 0, picture, batch.masked, 'decoder_pred_v'),
  };
}

/** Mean and deviation of each whole patch, all channels together, `[B, N, 1]`. */
function patchMoments(patches: tf.Tensor) {
  const values = patches.shape[2] ?? 1;
  const mean = tf.mean(patches, 2, true);
  const squares = tf.sum(tf.square(tf.sub(patches, mean)), 2, true);
  return { mean, deviation: tf.sqrt(tf.add(tf.div(squares, Math.max(1, values - 1)), 1e-6)) };
}

/** What is to be reconstructed of patches: each at mean 0 and deviation 1, or as they are. */
function targets(patches: tf.Tensor, { target }: ModelConfig): tf.Tensor {
  if (target === 'raw') return patches;
  const { mean, deviation } = patchMoments(patches);
  return tf.div(tf.sub(patches, mean), deviation);
}

/** Mean squared error of each clip. @returns `[B]` */
function clipErrors(
  prediction: tf.Tensor,
  patches: tf.Tensor,
  { visible, masked }: Seen,
  config: ModelConfig,
): tf.Tensor {
  const order = config.lossOver === 'all' ? tf.concat([visible, masked], 1) : masked;
  const wanted = gatherTokens(targets(patches, config), order);
  return tf.mean(tf.mean(tf.square(tf.sub(prediction, wanted)), -1), -1);
}

/** The parts of the loss. */
export interface CavMaeLoss {
  /** Mean squared error of the picture's masked patches. */
  readonly picture: tf.Scalar;
  /** Of the spectrum's; over the clips that have sound. */
  readonly sound: tf.Scalar;
  /** InfoNCE, before it is weighted. */
  readonly contrast: tf.Scalar;
}

/** @see cavMaeLoss */
export function cavMaeLossParts(
  batch: ModelBatch,
  weights: Weights,
  config: ModelConfig,
): CavMaeLoss {
  const heard = spectrumOf(batch);
  const encoded = encode(batch, weights, config);
  const made = decode(encoded.joint, batch, weights, config, config.lossOver === 'all');
  const present = batch.audioPresent;
  const errors = clipErrors(made.sound, spectrumPatches(heard.mel, config), heard, config);
  return {
    picture: tf.mean(clipErrors(made.picture, picturePatches(batch.video, config), batch, config)),
    sound: tf.div(tf.sum(tf.mul(errors, present)), tf.maximum(tf.sum(present), 1)),
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
  mode: ForwardMode = INFERENCE,
): tf.Scalar {
  const { picture, sound, contrast } = cavMaeLossParts(batch, weights, config);
  mode.note?.({ pictureLoss: picture, soundLoss: sound, contrastLoss: contrast });
  return tf.add(tf.add(picture, sound), tf.mul(contrast, CONTRAST_WEIGHT));
}

/** What it makes of the picture; brightness and contrast are the original's where targets are normalised. */
function reconstruct(batch: ModelBatch, weights: Weights, config: ModelConfig): ReconstructedTokens {
  const patches = picturePatches(batch.video, config);
  const { joint } = encode(batch, weights, config);
  const { picture } = decode(joint, batch, weights, config, true);
  const order = tf.concat([batch.visible, batch.masked], 1);
  const placed = placeTokens(picture, order);
  const { mean, deviation } = patchMoments(patches);
  const made = config.target === 'raw' ? placed : tf.add(tf.mul(placed, deviation), mean);
  const pixels = (tokens: tf.Tensor) => {
    const [clips = 0, count = 0, values = 0] = tokens.shape;
    const colours = tf.reshape(tokens, [clips, count, values / 3, 3]);
    return tf.reshape(denormalizePixels(colours), tokens.shape);
  };
  const [clips = 0, visible = 0] = batch.visible.shape;
  const masked = batch.masked.shape[1] ?? 0;
  const flags = tf.concat([tf.zeros([clips, visible, 1]), tf.ones([clips, masked, 1])], 1);
  const hidden = placeTokens(flags, order);
  return { frames: 1, tubelet: 1, original: pixels(patches), made: pixels(made), hidden, masked };
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
};
