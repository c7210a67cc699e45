import * as tf from '@tensorflow/tfjs-core';
import type { Weights, WeightSpec } from './weights.js';

const EPS = 1e-5;
const MOMENTUM = 0.1;

/**
 * How batch norm runs. In training it normalises by the batch's own statistics and leaves the new
 * running ones in `updates` under their weights' names; they are kept tensors, the caller's to
 * apply and dispose of, since the forward pass itself must stay free of side effects on weights.
 */
export type NormMode =
  | { readonly training: false }
  | { readonly training: true; readonly updates: Map<string, tf.Tensor> };

/** Weights and running statistics of one batch norm over `channels`. */
export function batchNormSpecs(name: string, channels: number): WeightSpec[] {
  const shape = [channels];
  return [
    { name: `${name}.weight`, shape, init: 'ones', trainable: true },
    { name: `${name}.bias`, shape, init: 'zeros', trainable: true },
    { name: `${name}.running_mean`, shape, init: 'zeros', trainable: false },
    { name: `${name}.running_var`, shape, init: 'ones', trainable: false },
  ];
}

/** (x − mean) / √(var + ε) · gamma + beta with the gradient through the batch's own statistics. */
function normalizeByBatch(
  rows: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
): tf.Tensor {
  return tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [rows, gamma, beta] = args as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args.at(-1) as tf.GradSaveFunc;
    const inverse = tf.rsqrt(tf.add(variance, EPS));
    const unit = tf.mul(tf.sub(rows, mean), inverse);
    save([unit, inverse, gamma]);
    return {
      value: tf.add(tf.mul(unit, gamma), beta),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [unit, inverse, gamma] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        const count = dy.shape[0];
        const dBeta = tf.sum(dy, 0);
        const dGamma = tf.sum(tf.mul(dy, unit), 0);
        const centred = tf.sub(dy, tf.div(dBeta, count));
        const dRows = tf.sub(centred, tf.mul(unit, tf.div(dGamma, count)));
        return [tf.mul(dRows, tf.mul(inverse, gamma)), dGamma, dBeta];
      },
    };
  })(rows, gamma, beta);
}

/**
 * Batch norm over the last axis, with PyTorch's semantics: biased variance to normalise, unbiased
 * in the running statistics, momentum 0.1, eps 1e-5.
 * @param x `[B, H, W, C]` @param name of the norm inside `weights`
 * @param fullName of the norm in the checkpoint: the name of its updates
 */
export function batchNorm(
  x: tf.Tensor4D,
  weights: Weights,
  name: string,
  fullName: string,
  mode: NormMode,
): tf.Tensor4D {
  const channels = x.shape[3];
  const [gamma, beta] = [weights(`${name}.weight`), weights(`${name}.bias`)];
  const runningMean = weights(`${name}.running_mean`);
  const runningVariance = weights(`${name}.running_var`);
  if (!mode.training) {
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(runningVariance, EPS)));
    return tf.add(tf.mul(x, scale), tf.sub(beta, tf.mul(runningMean, scale)));
  }
  const rows = tf.reshape(x, [-1, channels]);
  const count = rows.shape[0];
  const { mean, variance } = tf.tidy(() => {
    // Not tf.mean: on wasm it adds in float32, and is off by 6e-4 for a batch of 32 clips.
    const meanOf = (x: tf.Tensor) => tf.div(tf.sum(x, 0), count);
    const mean = meanOf(rows);
    return { mean, variance: meanOf(tf.square(tf.sub(rows, mean))) };
  });
  const blend = (old: tf.Tensor, now: tf.Tensor) =>
    tf.keep(tf.tidy(() => tf.add(tf.mul(old, 1 - MOMENTUM), tf.mul(now, MOMENTUM))));
  mode.updates.set(`${fullName}.running_mean`, blend(runningMean, mean));
  mode.updates.set(
    `${fullName}.running_var`,
    blend(runningVariance, tf.mul(variance, count / Math.max(1, count - 1))),
  );
  return tf.reshape(normalizeByBatch(rows, gamma, beta, mean, variance), x.shape);
}
