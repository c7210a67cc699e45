import { type MaskedSpectrum, type ModelBatch } from '../forward.js';
import * as tf from '@tensorflow/tfjs-core';

import { gridPositions, learnedToken } from './encoder.js';
import type { ModelConfig } from '../config.js';
import { modalityBlocks, modalityBlocksSpecs, normNamed } from './modality-block.js';
import { layerNormSpecs, linearNamed, linearSpecs } from '../layers/transformer.js';
import type { Weights, WeightSpec } from '../weights/weights.js';

/** Weights of the decoder of both modalities, and of what leads to it. */
export function cavMaeDecoderSpecs(config: ModelConfig): WeightSpec[] {
  const { width, decoderWidth, decoderDepth, patch } = config;
  return [
    ...linearSpecs('decoder_embed', width, decoderWidth),
    learnedToken('mask_token', decoderWidth),
    learnedToken('decoder_modality_a', decoderWidth),
    learnedToken('decoder_modality_v', decoderWidth),
    ...modalityBlocksSpecs('decoder_blocks', decoderDepth, decoderWidth),
    ...layerNormSpecs('decoder_norm', decoderWidth),
    ...linearSpecs('decoder_pred_a', decoderWidth, patch ** 2),
    ...linearSpecs('decoder_pred_v', decoderWidth, patch ** 2 * 3),
  ];
}

/** @throws Error when the batch holds no log-mel spectra */
export function spectrumOf({ spectrum }: ModelBatch): MaskedSpectrum {
  if (spectrum === undefined)
    throw new Error('cav-mae hears by log-mel spectra, and the batch holds none; preprocess with --mel 128'); // prettier-ignore
  return spectrum;
}

/** Which patches of a modality are seen, and which are not; int32 `[B, n]`. */
export interface Seen {
  readonly visible: tf.Tensor;
  readonly masked: tf.Tensor;
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

/**
 * What the decoder says of each modality's masked tokens, or of all of them, visible first.
 * @param joint `[B, na + nv, width]`, sound first @returns `[B, n, patch²]` and `[B, n, patch² · 3]`
 */
export function decodeBoth(
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
  const audio = decoderTokens(a, heard, weights, config, 'a');
  const video = decoderTokens(v, batch, weights, config, 'v');
  const { decoderDepth: depth, decoderHeads: heads } = config;
  const out = modalityBlocks(tf.concat([audio, video], 1), weights, 'decoder_blocks', depth, heads); // prettier-ignore
  const [clips = 0, , width = 0] = out.shape;
  const predict = (end: number, tokens: tf.Tensor, masked: tf.Tensor, head: string) => {
    const count = (all ? tokens : masked).shape[1] ?? 0;
    const last = tf.slice(out, [0, end - count, 0], [clips, count, width]);
    return linearNamed(normNamed(last, weights, 'decoder_norm'), weights, head);
  };
  const heardTokens = audio.shape[1] ?? 0;
  return {
    sound: predict(heardTokens, audio, heard.masked, 'decoder_pred_a'),
    picture: predict(out.shape[1] ?? 0, video, batch.masked, 'decoder_pred_v'),
  };
}
