import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { drawsOnDevice, type Seed } from '../../engine/ops/dropout.js';
import type { Tensors } from '../../engine/graph/capture.js';

/** Seeds of dropout: one for every run, step and place, and no function of what ran before. */
export function dropoutSeeds(seed: number, step: number): () => string {
  let place = 0;
  return () => `${seed}/${step}/${place++}`;
}

/** The same as two int32 numbers. @param batch number of the batch within its step */
export function seedNumbers(seed: number, step: number, batch: number): Int32Array {
  const digest = createHash('sha256').update(`${seed}/${step}/${batch}`).digest();
  return Int32Array.of(digest.readInt32LE(0), digest.readInt32LE(4));
}

/** Seeds for the places of a pass, each by itself behind the batch's. @param base int32 `[2]` */
export function placesBehind(base: tf.Tensor): () => Seed {
  let place = 0;
  return () => tf.add(base, tf.tensor1d([0, place++], 'int32'));
}

/**
 * The same on the device, where the backend draws there: one tensor for a batch.
 * @returns the tensors that it takes, the caller's to dispose of; undefined where texts are needed
 */
export function deviceSeeds(
  seed: number,
  step: number,
  batch: number,
): { inputs: Tensors; seedsInOrder: () => () => Seed } | undefined {
  if (!drawsOnDevice()) return undefined;
  const base = tf.tensor1d(seedNumbers(seed, step, batch), 'int32');
  return {
    inputs: { seed: base },
    // Counted anew by each pass: one that could not be captured must not move those of the next.
    seedsInOrder: () => placesBehind(base),
  };
}
