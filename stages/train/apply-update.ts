import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../../engine/graph/capture.js';
import { adamwNumbers, adamwUpdate, isDecayed } from '../../model/optim/adamw.js';
import { gradientFactor } from './gradients.js';
import { AVERAGED } from '../../model/weights/averages.js';
import { FIRST, SECOND, type OptimizerOptions } from './optimizer.js';

/** What a step of AdamW is, but for the numbers that change from step to step. */
export interface UpdatePlan {
  /** All weights with their shapes, also those that are not learned. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Names of those that are, in the order of their gradients. */
  readonly learned: readonly string[];
  readonly options: OptimizerOptions;
  /** Batches that the gradients are the sum of. */
  readonly batches: number;
  /** Largest norm of all gradients together. */
  readonly clip: number | undefined;
  /** What a weight's learning rate is multiplied by. */
  readonly scaleOf: (name: string) => number;
}

const decays = ({ shapes }: UpdatePlan, name: string) => isDecayed(name, shapes.get(name) ?? []);

/**
 * The numbers that change from step to step, by names; weights of one learning rate share them.
 * @param step from 1
 */
export function updateNumbers(plan: UpdatePlan, step: number, lr: number): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const name of plan.learned) {
    const scale = plan.scaleOf(name);
    const decayed = decays(plan, name);
    const all = adamwNumbers(step, lr * scale, decayed, plan.options);
    numbers['rootScale'] = all.rootScale;
    numbers[`rate.${scale}`] = all.rate;
    if (decayed) numbers[`kept.${scale}`] = all.kept;
  }
  return numbers;
}

/**
 * One step of AdamW on all weights, with clipping and averaging.
 * @param of tensors before the step, by the names of a checkpoint
 * @param numbers {@link updateNumbers} as scalars
 * @returns what changes, by the same names as `of`
 */
export function applyUpdate(
  plan: UpdatePlan,
  of: (name: string) => tf.Tensor,
  gradients: readonly tf.Tensor[],
  numbers: Tensors,
): Tensors {
  const { learned, options, batches, clip, scaleOf } = plan;
  const factor = gradientFactor(gradients, batches, clip);
  const results: Record<string, tf.Tensor> = {};
  learned.forEach((name, i) => {
    const gradient = gradients[i] as tf.Tensor;
    const scaled = factor === undefined ? gradient : tf.mul(gradient, factor);
    const scale = scaleOf(name);
    const { first, second, weight } = adamwUpdate(
      of(name),
      scaled,
      { first: of(FIRST + name), second: of(SECOND + name) },
      {
        ...adamwNumbers(1, 0, false, options),
        rootScale: numbers['rootScale'] as tf.Tensor,
        rate: numbers[`rate.${scale}`] as tf.Tensor,
        kept: decays(plan, name) ? (numbers[`kept.${scale}`] as tf.Tensor) : 1,
      },
    );
    Object.assign(results, { [name]: weight, [FIRST + name]: first, [SECOND + name]: second });
  });
  const { average } = options;
  if (average !== undefined)
    for (const name of plan.shapes.keys()) {
      const kept = tf.mul(of(AVERAGED + name), average);
      results[AVERAGED + name] = tf.add(kept, tf.mul(results[name] ?? of(name), 1 - average));
    }
  return results;
}
