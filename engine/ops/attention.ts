import * as tf from '@tensorflow/tfjs-core';
import { keepsValue, type Seed } from './dropout.js';

export interface AttentionOptions {
  /** Of the shares after softmax: the share of zeros, and what decides them. */
  readonly dropout?: { readonly rate: number; readonly seed: Seed } | undefined;
  /** Is shown the shares, `[B·heads, Q, S]`, before dropout. */
  readonly watch?: ((weights: tf.Tensor) => void) | undefined;
}

const attentionWeights = (scaled: tf.Tensor, k: tf.Tensor) =>
  tf.softmax(tf.matMul(scaled, k, false, true));

/**
 * Scaled dot-product attention of heads laid out one after the other. The gradient is written out: the shares
 * are by far the largest tensors of a model, and what softmax takes off theirs, Σ dP·P over the keys, is
 * dO·O, a sum over a head's few channels (Dao et al. 2022, FlashAttention, appendix B.2). With dropout as well.
 * @param q `[B·heads, Q, d]` @param k `[B·heads, S, d]` @param v `[B·heads, S, d]` @returns `[B·heads, Q, d]`
 */
export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { dropout, watch }: AttentionOptions = {},
): tf.Tensor {
  const scale = 1 / Math.sqrt(q.shape.at(-1) ?? 1);
  const rate = dropout?.rate ?? 0;
  // What is dropped makes the rest count for more; of v that is cheaper than of the shares.
  const grow = (x: tf.Tensor) => (rate === 0 ? x : tf.mul(x, 1 / (1 - rate)));
  // Once more for the watcher: what is made inside a gradient's scope ends with it.
  watch?.(attentionWeights(tf.mul(q, scale), k));
  return tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [q, k, v, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const scaled = tf.mul(q, scale);
    const grown = grow(v);
    const weights = attentionWeights(scaled, k);
    const keeps = dropout && rate > 0 ? keepsValue(weights.shape, rate, dropout.seed) : undefined;
    // Zeros of the whole shape: TensorFlow.js tiles a scalar 0, which on wasm took a third of a step.
    const kept = keeps === undefined ? weights : tf.where(keeps, weights, tf.zerosLike(weights));
    const out = tf.matMul(kept, grown);
    save([scaled, k, grown, out, weights, ...(keeps === undefined ? [] : [kept, keeps])]);
    return {
      value: out,
      gradFunc: (dOut: tf.Tensor, saved: tf.Tensor[]) => {
        const [scaled, k, grown, out, weights, kept = weights, keeps] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor?, tf.Tensor?]; // prettier-ignore
        const dKept = tf.matMul(dOut, grown, false, true);
        const dWeights = keeps === undefined ? dKept : tf.where(keeps, dKept, tf.zerosLike(dKept));
        const taken = tf.sum(tf.mul(dOut, out), -1, true);
        const dScores = tf.mul(weights, tf.sub(dWeights, taken));
        return [
          tf.mul(tf.matMul(dScores, k), scale),
          tf.matMul(dScores, scaled, true, false),
          grow(tf.matMul(kept, dOut, true, false)),
        ];
      },
    };
  })(q, k, v);
}
