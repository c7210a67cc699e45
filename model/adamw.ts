import * as tf from '@tensorflow/tfjs-core';

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

/** VideoMAE decays neither what has one dimension (biases, norms) nor the mask token. */
export function isDecayed(name: string, shape: readonly number[]): boolean {
  return shape.length > 1 && !name.endsWith('mask_token') && !name.endsWith('no_sound_token');
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
  { beta1, beta2, weightDecay, epsilon = 1e-8 }: AdamWOptions,
): Readonly<Record<'weight' | 'first' | 'second', tf.Tensor>> {
  const first = tf.add(tf.mul(moments.first, beta1), tf.mul(gradient, 1 - beta1));
  const second = tf.add(tf.mul(moments.second, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const root = tf.add(tf.div(tf.sqrt(second), Math.sqrt(1 - beta2 ** step)), epsilon);
  const change = tf.mul(tf.div(first, root), lr / (1 - beta1 ** step));
  const kept = decayed ? tf.mul(weight, 1 - lr * weightDecay) : weight;
  return { weight: tf.sub(kept, change), first, second };
}
