import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../../engine/graph/capture.js';
import { weightsFrom } from '../../model/weights/weights.js';
import { trace } from '../../engine/xla/trace.js';
import type { ElementType } from '../../engine/xla/types.js';
import type { Precision } from '../../engine/xla/precision.js';
import type { Program } from '../../engine/xla/program.js';
import { applyUpdate, updateNumbers, type UpdatePlan } from './apply-update.js';
import { placesBehind } from './dropout-seeds.js';
import { lossAndGradients, PART, UPDATE } from './gradients.js';
import type { LoadedBatch } from './objective.js';
import { AVERAGED } from '../../model/weights/averages.js';
import { FIRST, SECOND } from './optimizer.js';

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

/** The arguments besides the state: stand-ins, of which only the shapes count. */
function standIns(plan: UpdatePlan): { seed: tf.Tensor; scalars: Tensors } {
  const numbers = Object.keys(updateNumbers(plan, 1, 0));
  return {
    seed: tf.tensor1d([0, 0], 'int32'),
    scalars: Object.fromEntries(numbers.map((name) => [name, tf.scalar(0)])),
  };
}

function stepped<T>(plan: UpdatePlan, work: (given: ReturnType<typeof standIns>) => T): T {
  const given = standIns(plan);
  try {
    return work(given);
  } finally {
    tf.dispose([given.seed, given.scalars]);
  }
}

const weightsOf = ({ shapes }: UpdatePlan, state: Tensors) =>
  new Map([...shapes.keys()].map((name) => [name, state[name] as tf.Tensor]));

/** Results of one kind, by their names without the prefix. */
const below = (results: Tensors, prefix: string): Tensors =>
  Object.fromEntries(
    Object.entries(results).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );

/** The new state where the loss is a finite number, the old one elsewhere. */
function guarded(loss: tf.Tensor, next: Tensors, state: Tensors): Tensors {
  const finite = tf.isFinite(loss);
  return Object.fromEntries(
    Object.entries(next).map(([name, value]) => [name, tf.where(finite, value, state[name] as tf.Tensor)]),
  ); // prettier-ignore
}

const termsOf = (results: Tensors): Tensors =>
  Object.fromEntries(Object.entries(results).filter(([name]) => name.startsWith(PART)));

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
  return stepped(plan, ({ seed, scalars }) =>
    trace({
      inputs: { ...batch.tensors, [SEED]: seed, ...scalars },
      state: stateShapes(plan),
      precision,
      arrives,
      work(state) {
        const results = lossAndGradients(batch, plan.learned, weightsOf(plan, state), placesBehind(seed));
        const gradients = plan.learned.map((_, i) => results[`gradient.${i}`] as tf.Tensor);
        const statistics = below(results, UPDATE);
        // Running statistics are averaged as they are after the step, as weights are.
        const of = (name: string) => (statistics[name] ?? state[name]) as tf.Tensor;
        const next = { ...statistics, ...applyUpdate(plan, of, gradients, scalars) };
        const loss = results['loss'] as tf.Tensor;
        return { ...guarded(loss, next, state), loss, ...termsOf(results) };
      },
    }),
  );
} // prettier-ignore

/** In front of the numbers of sums of gradients. */
export const SUM = 'sum.';

/** Sums of gradients by {@link SUM} and their numbers. */
export const sumShapes = ({ learned, shapes }: UpdatePlan): Map<string, readonly number[]> =>
  new Map(learned.map((name, i) => [`${SUM}${i}`, shapes.get(name) ?? []]));

/**
 * The first half of a step on several batches: adds the gradients of one of them up, and moves running
 * statistics. Arguments and results as those of {@link wholeStep}, with {@link sumShapes} for the moments.
 */
export function partOfStep({ batch, plan, precision, arrives }: WholeStepRequest): Program {
  return stepped(plan, ({ seed }) =>
    trace({
      inputs: { ...batch.tensors, [SEED]: seed },
      state: new Map([...plan.shapes, ...sumShapes(plan)]),
      precision,
      arrives,
      work(state) {
        const results = lossAndGradients(batch, plan.learned, weightsOf(plan, state), placesBehind(seed));
        const sums = plan.learned.map((_, i): [string, tf.Tensor] => {
          const gradient = results[`gradient.${i}`] as tf.Tensor;
          return [`${SUM}${i}`, tf.add(state[`${SUM}${i}`] as tf.Tensor, gradient)];
        });
        const loss = results['loss'] as tf.Tensor;
        const next = { ...below(results, UPDATE), ...Object.fromEntries(sums) };
        return { ...guarded(loss, next, state), loss, ...termsOf(results) };
      },
    }),
  );
} // prettier-ignore

/** The second half: takes the step on the sums, and begins them anew. */
export function endOfStep(plan: UpdatePlan): Program {
  return stepped(plan, ({ scalars }) =>
    trace({
      inputs: scalars,
      state: new Map([...stateShapes(plan), ...sumShapes(plan)]),
      work(state) {
        const sums = plan.learned.map((_, i) => state[`${SUM}${i}`] as tf.Tensor);
        const zeros = sums.map((sum, i) => [`${SUM}${i}`, tf.zerosLike(sum)] as const);
        const next = applyUpdate(plan, (name) => state[name] as tf.Tensor, sums, scalars);
        return { ...next, ...Object.fromEntries(zeros) };
      },
    }),
  );
}

/** What a model makes of a batch that it does not learn from: `loss` and, of what classifies, `right`. */
export function measuring({ batch, plan, precision, arrives }: WholeStepRequest): Program {
  return trace({
    inputs: batch.tensors,
    state: plan.shapes,
    precision,
    arrives,
    work: (state) => ({ ...batch.measure(weightsFrom(weightsOf(plan, state))) }),
  });
}
