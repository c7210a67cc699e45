import * as tf from '@tensorflow/tfjs-core';
import { INFERENCE, weightsFrom } from '../../model/index.js';
import type { Objective } from './objective.js';

/** What a model makes of clips that it does not learn from. */
export interface Measurement {
  readonly clips: number;
  /** Mean over the clips. */
  readonly loss: number;
  /** Share of the clips whose class is the most probable one; only of what classifies. */
  readonly top1?: number;
}

/** The objective over batches, without learning. @param tensors the weights */
export async function measure<B extends { readonly keys: readonly string[] }>(
  objective: Objective<B>,
  tensors: ReadonlyMap<string, tf.Tensor>,
  batches: AsyncIterable<B>,
): Promise<Measurement> {
  const weights = weightsFrom(tensors);
  const sums = { clips: 0, loss: 0, right: 0 };
  let classifies = false;
  for await (const batch of batches) {
    const loaded = objective.load(batch, 'measure');
    const loss = tf.tidy(() => loaded.loss(weights, INFERENCE));
    const right = tf.tidy(() => loaded.right?.(weights));
    const [lossValue = NaN] = await loss.data();
    const [rightValue = NaN] = (await right?.data()) ?? [];
    tf.dispose([loss, ...(right === undefined ? [] : [right])]);
    loaded.dispose();
    classifies = right !== undefined;
    sums.clips += batch.keys.length;
    sums.loss += lossValue * batch.keys.length;
    sums.right += rightValue;
  }
  const { clips, loss, right } = sums;
  return { clips, loss: loss / clips, ...(classifies ? { top1: right / clips } : {}) };
}
