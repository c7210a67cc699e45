import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../config.js';
import { gatherTokens } from '../../engine/ops/gather.js';
import { linear } from '../../engine/ops/layers.js';
import { modalityBlocks, modalityBlocksSpecs, normNamed, type Modality, type StackPlace } from './modality-block.js'; // prettier-ignore
import { normalizePixels, patchify } from '../layers/patch.js';
import { gridTable } from '../layers/position.js';
import { layerNormSpecs, type DropPath } from '../layers/transformer.js';
import type { Weights, WeightSpec } from '../weights/weights.js';

/** Blocks that both modalities go through. */
const JOINT_DEPTH = 1;

/** Blocks of each modality's own encoder: 11 of 12 in the original. */
const ownDepth = ({ depth }: ModelConfig) => depth - JOINT_DEPTH;

/** Rows and columns of patches of a modality: of the spectrum bands down, time across. */
export function gridOf(
  { imageSize, mfccFrames, melBands = 0, patch }: ModelConfig,
  modality: 'a' | 'v',
): readonly [number, number] {
  return modality === 'v' ? [imageSize / patch, imageSize / patch] : [melBands / patch, mfccFrames / patch]; // prettier-ignore
}

const CHANNELS = { a: 1, v: 3 } as const;

/** One learned token: of a modality, or in the place of what is masked. */
export const learnedToken = (name: string, width: number): WeightSpec => ({
  name,
  shape: [1, 1, width],
  init: 'normal-0.02',
  trainable: true,
});

function embedSpecs({ width, patch }: ModelConfig, modality: 'a' | 'v'): WeightSpec[] {
  const name = `patch_embed_${modality}.proj`;
  const shape = [width, CHANNELS[modality], patch, patch];
  return [
    { name: `${name}.weight`, shape, init: 'xavier-uniform', trainable: true },
    { name: `${name}.bias`, shape: [width], init: 'zeros', trainable: true },
    learnedToken(`modality_${modality}`, width),
  ];
}

/** Weights of one modality's own encoder, under the original's names. */
export function ownEncoderSpecs(config: ModelConfig, modality: 'a' | 'v'): WeightSpec[] {
  return [
    ...embedSpecs(config, modality),
    ...modalityBlocksSpecs(`blocks_${modality}`, ownDepth(config), config.width),
  ];
}

/** Weights of the joint encoder, with the norms of those passes through it that are made. */
export function jointEncoderSpecs(config: ModelConfig, passes: readonly Modality[]): WeightSpec[] {
  return [
    ...modalityBlocksSpecs('blocks_u', JOINT_DEPTH, config.width, passes),
    ...passes.flatMap((pass) => layerNormSpecs(`norm${pass}`, config.width)),
  ];
}

/** The picture's patches, as the original takes them: at ImageNet's mean and deviation. @param frame `[B, 1, H, W, 3]`, 0..255 @returns `[B, N, patch² · 3]` */
export function framePatches(frame: tf.Tensor, { patch }: ModelConfig): tf.Tensor {
  return patchify(normalizePixels(frame), { tubelet: 1, patch });
}

/** @param mel standardised, `[B, N_len, bands]` @returns `[B, N, patch²]`, patches in the order (band, time) */
export function spectrumPatches(mel: tf.Tensor, { patch }: ModelConfig): tf.Tensor {
  const [batch = 0, frames = 0, bands = 0] = mel.shape;
  const image = tf.reshape(tf.transpose(mel, [0, 2, 1]), [batch, 1, bands, frames, 1]);
  return patchify(image, { tubelet: 1, patch });
}

/** Positions of a modality at decoder or encoder width. @param indices int32 `[B, n]` @returns `[B, n, width]` */
export function gridPositions(
  config: ModelConfig,
  modality: 'a' | 'v',
  width: number,
  indices: tf.Tensor,
): tf.Tensor {
  const [rows, columns] = gridOf(config, modality);
  const table = tf.tensor2d(gridTable(rows, columns, width), [rows * columns, width]);
  return tf.reshape(tf.gather(table, tf.reshape(indices, [-1])), [...indices.shape, width]);
}

/** One linear map of a flattened patch: the original's Conv2d, stride = kernel. */
function embed(
  patches: tf.Tensor,
  weights: Weights,
  { width, patch }: ModelConfig,
  modality: 'a' | 'v',
): tf.Tensor {
  // Conv2d has (channel, y, x); patches are flattened (y, x, channel).
  const channels = CHANNELS[modality];
  const weight = weights(`patch_embed_${modality}.proj.weight`);
  const kernel = tf.reshape(weight, [width, channels, patch * patch]);
  const matrix = tf.reshape(tf.transpose(kernel, [0, 2, 1]), [width, channels * patch * patch]);
  return linear(patches, matrix, weights(`patch_embed_${modality}.proj.bias`));
}

/**
 * A modality's own encoder.
 * @param patches `[B, N, values]` @param visible those that enter, int32 `[B, n]` @returns `[B, n, width]`
 */
export function encodeOwn(
  patches: tf.Tensor,
  visible: tf.Tensor,
  weights: Weights,
  config: ModelConfig,
  modality: 'a' | 'v',
  dropPath?: DropPath,
): tf.Tensor {
  const embedded = embed(gatherTokens(patches, visible), weights, config, modality);
  const placed = tf.add(embedded, gridPositions(config, modality, config.width, visible));
  const tokens = tf.add(placed, weights(`modality_${modality}`));
  const stack: StackPlace = { dropPath, below: 0, of: config.depth };
  const [depth, heads] = [ownDepth(config), config.heads];
  return modalityBlocks(tokens, weights, `blocks_${modality}`, depth, heads, '', stack);
}

/**
 * A pass through the joint encoder: of both modalities together, or of one with norms of its own.
 * @param x `[B, N, width]`
 */
export function encodeJoint(
  x: tf.Tensor,
  weights: Weights,
  config: ModelConfig,
  modality: Modality,
  dropPath?: DropPath,
): tf.Tensor {
  const stack: StackPlace = { dropPath, below: ownDepth(config), of: config.depth };
  const out = modalityBlocks(x, weights, 'blocks_u', JOINT_DEPTH, config.heads, modality, stack);
  return normNamed(out, weights, `norm${modality}`);
}

/** The indices of all patches of a modality. @returns int32 `[B, N]` */
export function allPatches(config: ModelConfig, modality: 'a' | 'v', batch: number): tf.Tensor {
  const [rows, columns] = gridOf(config, modality);
  return tf.tile(tf.reshape(tf.range(0, rows * columns, 1, 'int32'), [1, -1]), [batch, 1]);
}
