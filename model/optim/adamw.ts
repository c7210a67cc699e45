import * as tf from '@tensorflow/tfjs-core';
import {
  ADAMW_KERNEL,
  ADAMW_ON_DEVICE_KERNEL,
  type AdamWAttributes,
} from '../../engine/backends/adamw-kernel.js';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  /** Decoupled weight decay. */
  readonly weightDecay: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
}

/** Moments of one weight; owned by whoever holds the map. */
export type Moments = Readonly<Record<'first' | 'second', tf.Tensor>>;

/** VideoMAE decays neither what has one dimension (biases, norms) nor the mask token; other learned tokens are likewise left. */
export function isDecayed(name: string, shape: readonly number[]): boolean {
  return shape.length > 1 && !/(mask_token|no_sound_token|modality_[av])$/.test(name);
}

type Updated = Readonly<Record<'weight' | 'first' | 'second', tf.Tensor>>;

/** The step as one kernel, on a backend that has it. */
function fused(
  weight: tf.Tensor,
  gradient: tf.Tensor,
  moments: Moments,
  attrs: AdamWAttributes,
): Updated {
  const inputs = { weight, gradient, ...moments };
  const outputs: tf.Tensor[] = tf.engine().runKernel(ADAMW_KERNEL, inputs, { ...attrs });
  const [next, first, second] = outputs as [tf.Tensor, tf.Tensor, tf.Tensor];
  return { weight: next, first, second };
}

/** A step's numbers, those that change from step to step on the device where a captured step takes them. */
export type AdamWNumbers = Pick<AdamWAttributes, 'beta1' | 'beta2' | 'epsilon'> &
  Readonly<Record<'rootScale' | 'rate' | 'kept', tf.Tensor | number>>;

// The types promise a kernel; most backends have none.
const hasKernel = (name: string) =>
  (tf.getKernel(name, tf.getBackend()) as tf.KernelConfig | undefined) !== undefined;

/** The step where its numbers are on the device: in one pass where the backend has that, or else op by op. */
export function adamwUpdate(
  weight: tf.Tensor,
  gradient: tf.Tensor,
  moments: Moments,
  { beta1, beta2, epsilon, rootScale, rate, kept }: AdamWNumbers,
): Updated {
  if (
    typeof rootScale !== 'number' &&
    typeof rate !== 'number' &&
    hasKernel(ADAMW_ON_DEVICE_KERNEL)
  ) {
    const decayed = kept === 1 ? weight : tf.mul(weight, kept);
    const inputs = { weight: decayed, gradient, ...moments, rootScale, rate };
    const outputs: tf.Tensor[] = tf
      .engine()
      .runKernel(ADAMW_ON_DEVICE_KERNEL, inputs, { beta1, beta2, epsilon });
    const [next, first, second] = outputs as [tf.Tensor, tf.Tensor, tf.Tensor];
    return { weight: next, first, second };
  }
  const first = tf.add(tf.mul(moments.first, beta1), tf.mul(gradient, 1 - beta1));
  const second = tf.add(tf.mul(moments.second, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const root = tf.add(tf.mul(tf.sqrt(second), rootScale), epsilon);
  const change = tf.mul(tf.div(first, root), rate);
  return { weight: tf.sub(tf.mul(weight, kept), change), first, second };
}

/** The numbers of a step. @param step from 1 */
export function adamwNumbers(
  step: number,
  lr: number,
  decayed: boolean,
  { beta1, beta2, weightDecay, epsilon = 1e-8 }: AdamWOptions,
): AdamWAttributes {
  return {
    beta1,
    beta2,
    epsilon,
    rootScale: 1 / Math.sqrt(1 - beta2 ** step),
    rate: lr / (1 - beta1 ** step),
    kept: decayed ? 1 - lr * weightDecay : 1,
  };
}

/**
 * One step of AdamW, as PyTorch computes it.
 * @param step number of this step, from 1
 * @returns the new weight and moments; the old ones are the caller's to dispose of
 */
export function adamwStep(
  weight: tf.Tensor,
  gradient: tf.Tensor,
  moments: Moments,
  step: number,
  lr: number,
  decayed: boolean,
  options: AdamWOptions,
): Updated {
  const attrs = adamwNumbers(step, lr, decayed, options);
  return (hasKernel(ADAMW_KERNEL) ? fused : adamwUpdate)(weight, gradient, moments, attrs);
}
