import * as tf from '@tensorflow/tfjs-core';
import { attention } from '../../engine/ops/attention.js';
import { dropout as dropValues, type Seed } from '../../engine/ops/dropout.js';
import { layerNorm, linear } from '../../engine/ops/layers.js';
import { layerNormSpecs, linearNamed, linearSpecs } from './transformer.js';
import type { Weights, WeightSpec } from '../weights/weights.js';

/** Epsilon of the LayerNorms in TalkNet's attentionLayer. */
const EPS = 1e-5;

export interface CrossAttentionOptions {
  readonly heads: number;
  /** Dropout in training: its rate, and a seed for each place it is applied; none in inference. */
  readonly dropout?: { readonly rate: number; readonly nextSeed: () => Seed } | undefined;
  /** Is shown the shares after softmax, `[B·heads, Q, S]`: for pictures of what attends to what. */
  readonly watch?: ((shares: tf.Tensor) => void) | undefined;
}

/** The number of heads nearest to the wanted one that divides the width; the smaller of two. */
export function headsFor(width: number, wanted: number): number {
  for (let apart = 0; apart < width; apart++)
    for (const heads of [wanted - apart, wanted + apart])
      if (heads >= 1 && width % heads === 0) return heads;
  return 1;
}

/** Weights of one attentionLayer, under PyTorch's names. */
export function crossAttentionSpecs(width: number): WeightSpec[] {
  return [
    {
      name: 'self_attn.in_proj_weight',
      shape: [3 * width, width],
      init: 'xavier-uniform',
      trainable: true,
    },
    { name: 'self_attn.in_proj_bias', shape: [3 * width], init: 'zeros', trainable: true },
    ...linearSpecs('self_attn.out_proj', width, width),
    ...linearSpecs('linear1', width, 4 * width),
    ...linearSpecs('linear2', 4 * width, width),
    ...layerNormSpecs('norm1', width),
    ...layerNormSpecs('norm2', width),
  ];
}

function drop(x: tf.Tensor, { dropout }: CrossAttentionOptions): tf.Tensor {
  return dropout === undefined || dropout.rate === 0
    ? x
    : dropValues(x, dropout.rate, dropout.nextSeed());
}

/** [B, N, width] → [B·heads, N, width/heads] */
function splitHeads(x: tf.Tensor, heads: number): tf.Tensor {
  const [batch = 0, tokens = 0, width = 0] = x.shape;
  const apart = tf.transpose(tf.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
  return tf.reshape(apart, [batch * heads, tokens, width / heads]);
}

/**
 * The attention part alone: query from `tar`, key and value from `src` (eq. 6).
 * @param src `[B, S, width]` @param tar `[B, Q, width]` @returns `[B, Q, width]`
 */
export function attend(
  src: tf.Tensor,
  tar: tf.Tensor,
  weights: Weights,
  options: CrossAttentionOptions,
): tf.Tensor {
  const [batch = 0, queries = 0, width = 0] = tar.shape;
  const [wq, wk, wv] = tf.split(weights('self_attn.in_proj_weight'), 3, 0);
  const [bq, bk, bv] = tf.split(weights('self_attn.in_proj_bias'), 3, 0);
  const project = (x: tf.Tensor, weight: tf.Tensor | undefined, bias: tf.Tensor | undefined) =>
    splitHeads(linear(x, weight as tf.Tensor, bias), options.heads);
  const mixed = attention(project(tar, wq, bq), project(src, wk, bk), project(src, wv, bv), {
    watch: options.watch,
    dropout: options.dropout && { rate: options.dropout.rate, seed: options.dropout.nextSeed() },
  });
  const apart = tf.reshape(mixed, [batch, options.heads, queries, width / options.heads]);
  const joined = tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [batch, queries, width]);
  return linearNamed(joined, weights, 'self_attn.out_proj');
}

/**
 * What follows the attention: residual on src, post-LayerNorm, feed-forward ×4 with ReLU, residual,
 * post-LayerNorm. @param src `[B, N, width]` @param attended `[B, N, width]`
 */
export function settle(
  src: tf.Tensor,
  attended: tf.Tensor,
  weights: Weights,
  options: CrossAttentionOptions,
): tf.Tensor {
  const norm = (x: tf.Tensor, name: string) =>
    layerNorm(x, weights(`${name}.weight`), weights(`${name}.bias`), EPS);
  const once = norm(tf.add(src, drop(attended, options)), 'norm1');
  const hidden = drop(tf.relu(linearNamed(once, weights, 'linear1')), options);
  return norm(tf.add(once, drop(linearNamed(hidden, weights, 'linear2'), options)), 'norm2');
}

/** TalkNet's attentionLayer(src, tar); both sequences of one length. */
export function crossAttention(
  src: tf.Tensor,
  tar: tf.Tensor,
  weights: Weights,
  options: CrossAttentionOptions,
): tf.Tensor {
  return settle(src, attend(src, tar, weights, options), weights, options);
}
