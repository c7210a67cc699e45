import * as tf from '@tensorflow/tfjs-core';
import { weightsFrom } from '../../model/weights/weights.js';
import type { Objective } from './objective.js';
import { createRunner, type Runner } from './runner.js';

/** What a model makes of clips that it does not learn from. */
export interface Measurement {
  readonly clips: number;
  /** Mean over the clips. */
  readonly loss: number;
  /** Share of the clips whose class is the most probable one; only of what classifies. */
  readonly top1?: number;
}

/** The objective over batches, without learning. @param tensors the weights @param runner default: operation by operation */
export async function measure<B extends { readonly keys: readonly string[] }>(
  objective: Objective<B>,
  tensors: ReadonlyMap<string, tf.Tensor>,
  batches: AsyncIterable<B>,
  runner: Runner = createRunner(false),
): Promise<Measurement> {
  const weights = weightsFrom(tensors);
  const sums = { clips: 0, loss: 0, right: 0 };
  let classifies = false;
  for await (const batch of batches) {
    const loaded = objective.load(batch, 'measure');
    const inputs = { ...Object.fromEntries(tensors), ...loaded.tensors };
    const { loss, right } = runner.run('measure', inputs, () => ({ ...loaded.measure(weights) }));
    const [lossValue = NaN] = (await loss?.data()) ?? [];
    const [rightValue = NaN] = (await right?.data()) ?? [];
    tf.dispose([loss ?? [], right ?? []]);
    loaded.dispose();
    classifies = right !== undefined;
    sums.clips += batch.keys.length;
    sums.loss += lossValue * batch.keys.length;
    sums.right += rightValue;
  }
  const { clips, loss, right } = sums;
  return { clips, loss: loss / clips, ...(classifies ? { top1: right / clips } : {}) };
}
