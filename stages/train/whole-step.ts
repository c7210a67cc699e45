import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../../engine/graph/capture.js';
import { trace, type ElementType, type Precision, type Program } from '../../engine/xla/index.js';
import { applyUpdate, updateNumbers, type UpdatePlan } from './apply-update.js';
import { placesBehind } from './dropout-seeds.js';
import { lossAndGradients, PART, UPDATE } from './gradients.js';
import type { LoadedBatch } from './objective.js';
import { AVERAGED, FIRST, SECOND } from './optimizer.js';

export interface WholeStepRequest {
  /** A batch like those that the program is for; only its shapes count. */
  readonly batch: LoadedBatch;
  readonly plan: UpdatePlan;
  readonly precision?: Precision | undefined;
  /** Element types that the batch arrives in, where those are not its tensors'. */
  readonly arrives?: Readonly<Record<string, ElementType>> | undefined;
}

/** Name of the argument that decides dropout: two int32 numbers. */
export const SEED = 'seed';

/** Names and shapes of all that a step takes and gives back, as a checkpoint has them. */
export function stateShapes({ shapes, learned, options }: UpdatePlan): Map<string, readonly number[]> {
  const state = new Map(shapes);
  for (const name of learned) {
    const shape = shapes.get(name) ?? [];
    state.set(FIRST + name, shape).set(SECOND + name, shape);
  }
  if (options.average !== undefined)
    for (const [name, shape] of shapes) state.set(AVERAGED + name, shape);
  return state;
} // prettier-ignore

/**
 * A whole training step as one program for XLA: loss, gradients, clipping, AdamW and averages. Weights and
 * moments are donated: they stay on the device, and the results take over their memory. Where the loss is not a
 * finite number they stay as they are.
 *
 * Arguments: the state by the names of a checkpoint, the batch's tensors by theirs, {@link SEED}, and the
 * numbers of {@link updateNumbers}. Results: what of the state changes, `loss`, and its terms below `part.`.
 * @throws CaptureError naming what has no place in a program
 */
export function wholeStep({ batch, plan, precision, arrives }: WholeStepRequest): Program {
  const numbers = Object.keys(updateNumbers(plan, 1, 0));
  const seed = tf.tensor1d([0, 0], 'int32');
  const scalars = Object.fromEntries(numbers.map((name) => [name, tf.scalar(0)]));
  try {
    return trace({
      inputs: { ...batch.tensors, [SEED]: seed, ...scalars },
      state: stateShapes(plan),
      precision,
      arrives,
      work: (state) => step(batch, plan, state, seed, scalars),
    });
  } finally {
    tf.dispose([seed, scalars]);
  }
}

function step(
  batch: LoadedBatch,
  plan: UpdatePlan,
  state: Tensors,
  seed: tf.Tensor,
  scalars: Tensors,
): Tensors {
  const weights = new Map([...plan.shapes.keys()].map((name) => [name, state[name] as tf.Tensor]));
  const made = lossAndGradients(batch, plan.learned, weights, placesBehind(seed));
  const gradients = plan.learned.map((_, i) => made[`gradient.${i}`] as tf.Tensor);
  // Running statistics are averaged as they are after the step, as weights are.
  const of = (name: string) => (made[UPDATE + name] ?? state[name]) as tf.Tensor;
  const updates = Object.keys(made).filter((name) => name.startsWith(UPDATE));
  const statistics = updates.map((name) => [name.slice(UPDATE.length), made[name]] as const);
  const next = { ...Object.fromEntries(statistics), ...applyUpdate(plan, of, gradients, scalars) };
  const loss = made['loss'] as tf.Tensor;
  const finite = tf.isFinite(loss);
  const guarded = Object.entries(next).map(
    ([name, value]) => [name, tf.where(finite, value as tf.Tensor, state[name] as tf.Tensor)] as const,
  );
  const parts = Object.entries(made).filter(([name]) => name.startsWith(PART));
  return { ...Object.fromEntries(guarded), loss, ...Object.fromEntries(parts) };
} // prettier-ignore
