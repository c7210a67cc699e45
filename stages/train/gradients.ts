import { type ForwardMode } from '../../model/forward.js';
import type { NormMode } from '../../model/layers/batch-norm.js';
import * as tf from '@tensorflow/tfjs-core';
import { weightsFrom } from '../../model/weights/weights.js';

import type { Tensors } from '../../engine/graph/capture.js';
import type { Seed } from '../../engine/ops/dropout.js';
import type { LoadedBatch } from './objective.js';

/** In front of the names of new running statistics, and of the terms of a loss. */
export const UPDATE = 'update.';
export const PART = 'part.';

/** Loss of a batch and its gradients in the order of the names; all the caller's to dispose of. */
export interface Gradients {
  readonly value: tf.Scalar;
  readonly grads: tf.Tensor[];
}

/**
 * @param learned names of the weights to differentiate in @param all those and the others
 * @param weight what the loss counts in that of a larger batch; default all of it
 */
export function gradientsOf(
  batch: LoadedBatch,
  learned: readonly string[],
  all: ReadonlyMap<string, tf.Tensor>,
  mode: ForwardMode,
  weight = 1,
): Gradients {
  const lossOf = (...tensors: tf.Tensor[]) => {
    const merged = new Map(all);
    learned.forEach((name, i) => merged.set(name, tensors[i] as tf.Tensor));
    const loss = batch.loss(weightsFrom(merged), mode);
    return weight === 1 ? loss : tf.mul<tf.Scalar>(loss, weight);
  };
  const { value, grads } = tf.valueAndGrads(lossOf)(learned.map(weightsFrom(all)));
  return { value, grads };
}

/** What a batch is of a larger one whose other parts are worked on elsewhere. */
export interface BatchPart {
  /** What its loss counts in that of the whole. */
  readonly weight: number;
  /** Sums a tensor over all parts: batch norm takes its moments from the whole batch. */
  readonly sumTensor: NonNullable<Extract<NormMode, { training: true }>['sumParts']>;
}

/**
 * Loss and gradients of one batch (`gradient.0`, …), new running statistics and the terms of the loss, by names.
 * @param learned names of the weights to differentiate in @param all those and the others
 * @param group where the batch is a part of a larger one; default all of it
 */
export function lossAndGradients(
  batch: LoadedBatch,
  learned: readonly string[],
  all: ReadonlyMap<string, tf.Tensor>,
  nextSeed: () => Seed,
  group?: BatchPart,
): Tensors {
  const updates = new Map<string, tf.Tensor>();
  const results: Record<string, tf.Tensor> = {};
  const note: ForwardMode['note'] = (parts) => {
    for (const [name, part] of Object.entries(parts)) results[PART + name] = tf.keep(part);
  };
  const whole = group === undefined ? {} : { sumParts: group.sumTensor };
  const mode: ForwardMode = { norm: { training: true, updates, ...whole }, nextSeed, note };
  const { value, grads } = gradientsOf(batch, learned, all, mode, group?.weight);
  grads.forEach((gradient, i) => (results[`gradient.${i}`] = gradient));
  updates.forEach((next, name) => (results[UPDATE + name] = next));
  return { ...results, loss: value };
}

/** Adds gradients up; both summands are disposed of. */
export function addGradients(sum: tf.Tensor[] | undefined, grads: tf.Tensor[]): tf.Tensor[] {
  if (sum === undefined) return grads;
  const added = sum.map((tensor, i) => tf.add(tensor, grads[i] as tf.Tensor));
  tf.dispose([sum, grads]);
  return added;
}

/** Row by row: wasm adds in float32, and a sum over millions of values at once stops growing. */
function sumOfSquares(x: tf.Tensor): tf.Tensor {
  const rows = tf.reshape(tf.square(x), [-1, x.shape.at(-1) ?? 1]);
  return tf.sum(tf.sum(rows, 0));
}

/**
 * What the gradients are multiplied by: the mean over `batches`, and no longer than `limit` together.
 * @returns a scalar, the caller's to dispose of; undefined where nothing is to be multiplied
 */
export function gradientFactor(
  grads: readonly tf.Tensor[],
  batches: number,
  limit: number | undefined,
): tf.Tensor | undefined {
  if (limit === undefined) return batches === 1 ? undefined : tf.scalar(1 / batches);
  return tf.tidy(() => {
    const norm = tf.div(tf.sqrt(tf.addN(grads.map(sumOfSquares))), batches);
    return tf.div(tf.minimum(tf.div(limit, tf.add(norm, 1e-6)), 1), batches);
  });
}
