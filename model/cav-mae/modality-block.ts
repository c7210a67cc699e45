import type * as tf from '@tensorflow/tfjs-core';
import { add } from '@tensorflow/tfjs-core';
import { gelu, layerNorm } from '../../engine/ops/layers.js';
import { dropsPath, layerNormSpecs, linearNamed, linearSpecs, selfAttention, type DropPath } from '../layers/transformer.js'; // prettier-ignore
import { specsUnder, under, type Weights, type WeightSpec } from '../weights/weights.js';

/** Epsilon of every LayerNorm in CAV-MAE: PyTorch's default. */
const EPS = 1e-5;

/** Whose norms a block runs with: those for both modalities together, for sound, or for the picture. */
export type Modality = '' | '_a' | '_v';

/** LayerNorm with the weights `name.weight` and `name.bias`. */
export function normNamed(x: tf.Tensor, weights: Weights, name: string): tf.Tensor {
  return layerNorm(x, weights(`${name}.weight`), weights(`${name}.bias`), EPS);
}

/** A block: query, key and value all have biases. The original declares norms for every modality in all of them. */
function modalityBlockSpecs(width: number, modalities: readonly Modality[]): WeightSpec[] {
  return [
    ...modalities.flatMap((modality) => layerNormSpecs(`norm1${modality}`, width)),
    ...linearSpecs('attn.qkv', width, 3 * width),
    ...linearSpecs('attn.proj', width, width),
    ...modalities.flatMap((modality) => layerNormSpecs(`norm2${modality}`, width)),
    ...linearSpecs('mlp.fc1', width, 4 * width),
    ...linearSpecs('mlp.fc2', 4 * width, width),
  ];
}

/** The weights of the blocks `name.0` … `name.{depth-1}`. @param modalities that they run with */
export function modalityBlocksSpecs(
  name: string,
  depth: number,
  width: number,
  modalities: readonly Modality[] = [''],
): WeightSpec[] {
  return Array.from({ length: depth }, (_, i) =>
    specsUnder(`${name}.${i}`, modalityBlockSpecs(width, modalities)),
  ).flat();
}

function modalityBlock(
  x: tf.Tensor,
  weights: Weights,
  heads: number,
  modality: Modality,
  drop: (branch: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const attn = under(weights, 'attn');
  const normed = normNamed(x, weights, `norm1${modality}`);
  const attended = add(x, drop(selfAttention(normed, attn, heads, attn('qkv.bias'))));
  const second = normNamed(attended, weights, `norm2${modality}`);
  const hidden = gelu(linearNamed(second, weights, 'mlp.fc1'));
  return add(attended, drop(linearNamed(hidden, weights, 'mlp.fc2')));
}

/** How blocks run that stand in a larger stack: their place in it decides how often they are dropped. */
export interface StackPlace {
  readonly dropPath: DropPath | undefined;
  /** Blocks below the first one, and of the whole stack. */
  readonly below: number;
  readonly of: number;
}

/**
 * The blocks `name.0` … `name.{depth-1}` one after the other.
 * @param x `[B, N, width]` @param stack none in inference and in pre-training
 */
export function modalityBlocks(
  x: tf.Tensor,
  weights: Weights,
  name: string,
  depth: number,
  heads: number,
  modality: Modality = '',
  stack?: StackPlace,
): tf.Tensor {
  let out = x;
  for (let i = 0; i < depth; i++) {
    const drop = dropsPath(i + (stack?.below ?? 0), stack?.of ?? depth, stack?.dropPath);
    out = modalityBlock(out, under(weights, `${name}.${i}`), heads, modality, drop);
  }
  return out;
}
