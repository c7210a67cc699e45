/**
 * VideoMAE (Tong et al. 2022): the video half of every system here. Only visible tubelets enter the
 * encoder; the decoder sees them beside mask tokens and predicts the pixels of the masked ones.
 */
import * as tf from '@tensorflow/tfjs-core';
import { gatherTokens } from '../engine/ops/gather.js';
import { linear } from '../engine/ops/layers.js';
import type { ModelConfig } from './config.js';
import { positionsOf, slotsOf, tubeletValues } from './layers/geometry.js';
import { normalizePixels } from './layers/patch.js';
import { positionTable } from './layers/position.js';
import {
  blocks,
  blockSpecs,
  layerNormNamed,
  layerNormSpecs,
  linearNamed,
  linearSpecs,
  type DropPath,
} from './layers/transformer.js';
import { specsUnder, under, type Weights, type WeightSpec } from './weights/weights.js';

/** The weights of VideoMAE's encoder but its last norm, as the original's classifier names them. */
export function encoderBodySpecs(config: ModelConfig): WeightSpec[] {
  const { width, depth, patch, tubelet } = config;
  const embed = [width, 3, tubelet, patch, patch];
  return [
    { name: 'patch_embed.proj.weight', shape: embed, init: 'xavier-uniform', trainable: true },
    { name: 'patch_embed.proj.bias', shape: [width], init: 'zeros', trainable: true },
    ...Array.from({ length: depth }, (_, i) => specsUnder(`blocks.${i}`, blockSpecs(width))).flat(),
  ];
}

/** The weights of VideoMAE's encoder, below `encoder.`. */
export function visualEncoderSpecs(config: ModelConfig): WeightSpec[] {
  return specsUnder('encoder', [
    ...encoderBodySpecs(config),
    ...layerNormSpecs('norm', config.width),
  ]);
}

/** Rows of the position table for each clip's tokens. @param indices int32 `[B, n]` @returns `[B, n, width]` */
export function positionsAt(config: ModelConfig, width: number, indices: tf.Tensor): tf.Tensor {
  const count = slotsOf(config) * positionsOf(config);
  const table = tf.tensor2d(positionTable(count, width), [count, width]);
  return tf.reshape(tf.gather(table, tf.reshape(indices, [-1])), [...indices.shape, width]);
}

/** The patch embedding as one linear map of a flattened tubelet: the original's Conv3d, stride = kernel. */
function embedTubelets(tubelets: tf.Tensor, weights: Weights, config: ModelConfig): tf.Tensor {
  // Conv3d has (channel, frame, y, x); tubelets are flattened (frame, y, x, channel).
  const values = tubeletValues(config);
  const kernel = tf.reshape(weights('patch_embed.proj.weight'), [config.width, 3, values / 3]);
  const matrix = tf.reshape(tf.transpose(kernel, [0, 2, 1]), [config.width, values]);
  return linear(tubelets, matrix, weights('patch_embed.proj.bias'));
}

/**
 * VideoMAE's encoder: only visible tubelets are embedded and enter.
 * @param tubelets of the video, pixels 0..255, `[B, N, values]`
 * @param visible token indices, int32 `[B, visible]`
 * @returns `[B, visible, width]`
 */
export function encodeVisible(
  tubelets: tf.Tensor,
  visible: tf.Tensor,
  weights: Weights,
  config: ModelConfig,
): tf.Tensor {
  const encoder = under(weights, 'encoder');
  // Only what is seen is normalised: a quarter or a tenth of all.
  const seen = gatherTokens(tubelets, visible);
  const pixels = normalizePixels(tf.reshape(seen, [-1, 3]));
  const embedded = embedTubelets(tf.reshape(pixels, seen.shape), encoder, config);
  const tokens = tf.add(embedded, positionsAt(config, config.width, visible));
  return layerNormNamed(blocks(tokens, encoder, config.depth, config.heads), encoder, 'norm');
}

/**
 * The encoder over all tubelets, as classification takes it: without the last LayerNorm.
 * @param tubelets of the normalised video, `[B, N, values]`
 * @param encoder the weights below `encoder.` of pre-training
 * @returns `[B, N, width]`
 */
export function encodeAll(
  tubelets: tf.Tensor,
  encoder: Weights,
  config: ModelConfig,
  dropPath?: DropPath,
): tf.Tensor {
  const count = tubelets.shape[1] ?? 0;
  const table = tf.tensor3d(positionTable(count, config.width), [1, count, config.width]);
  const tokens = tf.add(embedTubelets(tubelets, encoder, config), table);
  return blocks(tokens, encoder, config.depth, config.heads, dropPath);
}

/** The weights of VideoMAE's decoder and of what leads to it. */
export function decoderSpecs(config: ModelConfig): WeightSpec[] {
  const { width, decoderWidth, decoderDepth } = config;
  return [
    ...linearSpecs('encoder_to_decoder', width, decoderWidth, false),
    { name: 'mask_token', shape: [1, 1, decoderWidth], init: 'normal-0.02', trainable: true },
    ...specsUnder('decoder', [
      ...Array.from({ length: decoderDepth }, (_, i) =>
        specsUnder(`blocks.${i}`, blockSpecs(decoderWidth)),
      ).flat(),
      ...layerNormSpecs('norm', decoderWidth),
      ...linearSpecs('head', decoderWidth, tubeletValues(config)),
    ]),
  ];
}

/**
 * The video stream at decoder width, visible tokens first: [E_v(visible) + position, mask token +
 * position] (eq. 5). T_m is the set of masked positions: the masked half holds no pixels.
 * @param encoded `[B, visible, width]` @returns `[B, N, decoderWidth]`
 */
export function videoStream(
  encoded: tf.Tensor,
  visible: tf.Tensor,
  masked: tf.Tensor,
  weights: Weights,
  config: ModelConfig,
): tf.Tensor {
  const narrow = linear(encoded, weights('encoder_to_decoder.weight'));
  return tf.concat(
    [
      tf.add(narrow, positionsAt(config, config.decoderWidth, visible)),
      tf.add(weights('mask_token'), positionsAt(config, config.decoderWidth, masked)),
    ],
    1,
  );
}

/**
 * The decoder: blocks, LayerNorm, and the head on the last `count` tokens.
 * @param tokens `[B, N, decoderWidth]`, visible first @returns `[B, count, values]`
 */
export function decode(
  tokens: tf.Tensor,
  count: number,
  weights: Weights,
  config: ModelConfig,
): tf.Tensor {
  const decoder = under(weights, 'decoder');
  const [batch = 0, total = 0, width = 0] = tokens.shape;
  const out = blocks(tokens, decoder, config.decoderDepth, config.decoderHeads);
  const last = tf.slice(out, [0, total - count, 0], [batch, count, width]);
  return linearNamed(layerNormNamed(last, decoder, 'norm'), decoder, 'head');
}
