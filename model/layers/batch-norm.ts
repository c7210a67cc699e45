import * as tf from '@tensorflow/tfjs-core';
import type { Weights, WeightSpec } from '../weights/weights.js';

const EPS = 1e-5;
const MOMENTUM = 0.1;

/**
 * How batch norm runs. In training it normalises by the batch's own statistics and leaves the new
 * running ones in `updates` under their weights' names; they are kept tensors, the caller's to
 * apply and dispose of, since the forward pass itself must stay free of side effects on weights.
 */
export type NormMode =
  | { readonly training: false }
  | {
      readonly training: true;
      readonly updates: Map<string, tf.Tensor>;
      /**
       * 1 for clips that the statistics are taken over, 0 for those whose result is thrown away, `[B]`:
       * the zeros of a clip without sound would distort what the others are normalised by. Those come
       * out as zeros, or statistics that are not theirs would let them grow layer by layer. Default: all.
       */
      readonly counted?: tf.Tensor;
      /** Adds up over all parts of a batch that is worked on in parts at once. Default: there is one. */
      readonly sumParts?: (partSum: tf.Tensor) => tf.Tensor;
    };

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

/** What the statistics of a batch are taken over. */
interface Counting {
  /** 1 for rows that count, 0 for others, `[rows, 1]`; undefined where all count. */
  readonly share: tf.Tensor | undefined;
  /** How many rows count, at least 1. */
  readonly count: tf.Tensor;
  /** 1, or 0 where no row counts. */
  readonly any: tf.Tensor;
}

const alone = (sum: tf.Tensor) => sum;

function countRows(
  [clips = 0, height = 0, width = 0]: number[],
  { counted, sumParts = alone }: Extract<NormMode, { training: true }>,
): Counting {
  const area = height * width;
  if (counted === undefined)
    return { share: undefined, count: sumParts(tf.scalar(clips * area)), any: tf.scalar(1) };
  const ratio = tf.reshape(tf.tile(tf.reshape(counted, [clips, 1]), [1, area]), [clips * area, 1]);
  const count = sumParts(tf.sum(ratio));
  return { share: ratio, count: tf.maximum(count, 1), any: tf.minimum(count, 1) };
}

const weighted = (x: tf.Tensor, { share }: Counting) =>
  share === undefined ? x : tf.mul(x, share);

/** (x − mean) / √(var + ε) · gamma + beta with the gradient through the batch's own statistics. */
function normalizeByBatch(
  rows: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  counting: Counting,
  sumParts: (partSum: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  return tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [rows, gamma, beta] = args as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args.at(-1) as tf.GradSaveFunc;
    const inverse = tf.rsqrt(tf.add(variance, EPS));
    const unit = tf.mul(tf.sub(rows, mean), inverse);
    const { count, share } = counting;
    save([unit, inverse, gamma, count, ...(share === undefined ? [] : [share])]);
    return {
      value: tf.add(tf.mul(unit, gamma), beta),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [unit, inverse, gamma, count, ratio] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor?]; // prettier-ignore
        const dBeta = tf.sum(dy, 0);
        const dGamma = tf.sum(tf.mul(dy, unit), 0);
        const felt = tf.div(tf.add(sumParts(dBeta), tf.mul(unit, sumParts(dGamma))), count);
        // Only the rows that count made the statistics.
        const dRows = tf.sub(dy, ratio === undefined ? felt : tf.mul(felt, ratio));
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
  const { sumParts = alone } = mode;
  const counting = countRows(x.shape, mode);
  const { count, any } = counting;
  // Not tf.mean, nor one sum over all: in float32 they are off by 6e-4 for a batch of 32 clips.
  const meanOf = (values: tf.Tensor) => {
    const overClips = tf.sum(tf.reshape(weighted(values, counting), [x.shape[0], -1]), 0);
    return tf.div(sumParts(tf.sum(tf.reshape(overClips, [-1, channels]), 0)), count);
  };
  const mean = meanOf(rows);
  const variance = meanOf(tf.square(tf.sub(rows, mean)));
  const unbiased = tf.mul(variance, tf.div(count, tf.maximum(tf.sub(count, 1), 1)));
  const blend = (old: tf.Tensor, now: tf.Tensor) =>
    tf.keep(tf.add(old, tf.mul(tf.sub(now, old), tf.mul(any, MOMENTUM))));
  mode.updates.set(`${fullName}.running_mean`, blend(runningMean, mean));
  mode.updates.set(`${fullName}.running_var`, blend(runningVariance, unbiased));
  const normal = normalizeByBatch(rows, gamma, beta, mean, variance, counting, sumParts);
  return tf.reshape(weighted(normal, counting), x.shape);
}
