import * as tf from '@tensorflow/tfjs-core';
import { attention } from '../../engine/ops/attention.js';
import { dropout, type Seed } from '../../engine/ops/dropout.js';
import { gelu, layerNorm, linear } from '../../engine/ops/layers.js';
import { under, type Weights, type WeightSpec } from '../weights/weights.js';

/** Epsilon of every LayerNorm in VideoMAE. */
export const LAYER_NORM_EPS = 1e-6;

const spec = (name: string, shape: readonly number[], init: WeightSpec['init']): WeightSpec => ({
  name,
  shape,
  init,
  trainable: true,
});

/** The weights of {@link layerNormNamed}. */
export const layerNormSpecs = (name: string, width: number): WeightSpec[] => [
  spec(`${name}.weight`, [width], 'ones'),
  spec(`${name}.bias`, [width], 'zeros'),
];

/** The weights of a linear map; a bias only where asked for. */
export const linearSpecs = (name: string, from: number, to: number, bias = true): WeightSpec[] => [
  spec(`${name}.weight`, [to, from], 'xavier-uniform'),
  ...(bias ? [spec(`${name}.bias`, [to], 'zeros')] : []),
];

/** LayerNorm with the weights `name.weight` and `name.bias`. */
export function layerNormNamed(x: tf.Tensor, weights: Weights, name: string): tf.Tensor {
  return layerNorm(x, weights(`${name}.weight`), weights(`${name}.bias`), LAYER_NORM_EPS);
}

/** Linear map with the weights `name.weight` and `name.bias`. */
export function linearNamed(x: tf.Tensor, weights: Weights, name: string): tf.Tensor {
  return linear(x, weights(`${name}.weight`), weights(`${name}.bias`));
}

/** The weights of a pre-norm block of VideoMAE: q and v have biases, k has none. */
export function blockSpecs(width: number): WeightSpec[] {
  return [
    ...layerNormSpecs('norm1', width),
    spec('attn.q_bias', [width], 'zeros'),
    spec('attn.v_bias', [width], 'zeros'),
    spec('attn.qkv.weight', [3 * width, width], 'xavier-uniform'),
    ...linearSpecs('attn.proj', width, width),
    ...layerNormSpecs('norm2', width),
    ...linearSpecs('mlp.fc1', width, 4 * width),
    ...linearSpecs('mlp.fc2', 4 * width, width),
  ];
}

/**
 * Multi-head self-attention, scale 1/√d_head.
 * @param x `[B, N, width]` @param bias of query, key and value, `[3 · width]`
 */
export function selfAttention(
  x: tf.Tensor,
  weights: Weights,
  heads: number,
  bias: tf.Tensor,
): tf.Tensor {
  const [batch = 0, tokens = 0, width = 0] = x.shape;
  const head = width / heads;
  const qkv = tf.reshape(linear(x, weights('qkv.weight'), bias), [batch, tokens, 3 * heads, head]);
  const parts = tf.split(tf.transpose(qkv, [0, 2, 1, 3]), 3, 1);
  const [q, k, v] = parts.map((part) => tf.reshape(part, [batch * heads, tokens, head])) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const mixed = tf.reshape(attention(q, k, v), [batch, heads, tokens, head]);
  const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, tokens, width]);
  return linearNamed(joined, weights, 'proj');
}

/** One pre-norm transformer block. @param x `[B, N, width]` @param drop what becomes of a branch before it is added */
function block(
  x: tf.Tensor,
  weights: Weights,
  heads: number,
  drop: (branch: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const attn = under(weights, 'attn');
  const width = x.shape[2] ?? 0;
  const bias = tf.concat([attn('q_bias'), tf.zeros([width]), attn('v_bias')]);
  const mixed = selfAttention(layerNormNamed(x, weights, 'norm1'), attn, heads, bias);
  const attended = tf.add(x, drop(mixed));
  const hidden = gelu(linearNamed(layerNormNamed(attended, weights, 'norm2'), weights, 'mlp.fc1'));
  return tf.add(attended, drop(linearNamed(hidden, weights, 'mlp.fc2')));
}

/** Stochastic depth in training: branches are left out for whole clips, the deeper the more often. */
export interface DropPath {
  /** Share in the last block; from 0 in the first it rises evenly. */
  readonly rate: number;
  /** A seed for each place. */
  readonly nextSeed: () => Seed;
}

/** What becomes of a branch of block `i` of `depth`. */
export function dropsPath(
  i: number,
  depth: number,
  dropPath: DropPath | undefined,
): (branch: tf.Tensor) => tf.Tensor {
  const rate = dropPath === undefined ? 0 : (dropPath.rate * i) / Math.max(1, depth - 1);
  return (branch) =>
    rate === 0 || dropPath === undefined ? branch : dropout(branch, rate, dropPath.nextSeed(), [branch.shape[0], 1, 1]); // prettier-ignore
}

/**
 * The blocks `blocks.0` … `blocks.{depth-1}` one after the other.
 * @param x `[B, N, width]` @param dropPath none in inference and in pre-training
 */
export function blocks(
  x: tf.Tensor,
  weights: Weights,
  depth: number,
  heads: number,
  dropPath?: DropPath,
): tf.Tensor {
  let out = x;
  for (let i = 0; i < depth; i++) {
    out = block(out, under(weights, `blocks.${i}`), heads, dropsPath(i, depth, dropPath));
  }
  return out;
}
