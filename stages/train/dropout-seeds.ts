import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { drawsOnDevice, type Seed } from '../../engine/ops/dropout.js';
import type { Tensors } from '../../engine/graph/capture.js';

/** Seeds of dropout: one for every run, step and place, and no function of what ran before. */
export function dropoutSeeds(seed: number, step: number): () => string {
  let place = 0;
  return () => `${seed}/${step}/${place++}`;
}

/**
 * The same as numbers on the device, where the backend draws there: one tensor for a batch, and each
 * place by itself behind it.
 * @param batch number of the batch within its step
 * @returns the tensors that it takes, the caller's to dispose of; undefined where texts are needed
 */
export function deviceSeeds(
  seed: number,
  step: number,
  batch: number,
): { inputs: Tensors; places: () => () => Seed } | undefined {
  if (!drawsOnDevice()) return undefined;
  const digest = createHash('sha256').update(`${seed}/${step}/${batch}`).digest();
  const base = tf.tensor1d([digest.readInt32LE(0), digest.readInt32LE(4)], 'int32');
  return {
    inputs: { seed: base },
    // Counted anew by each pass: one that could not be captured must not move those of the next.
    places: () => {
      let place = 0;
      return () => tf.add(base, tf.tensor1d([0, place++], 'int32'));
    },
  };
}
