import * as tf from '@tensorflow/tfjs-core';
import { cosineWithWarmup, type Schedule } from '../../model/optim/schedule.js';

import type { StoredValues } from '../../model/weights/load-weights.js';
import type { Precision } from '../../engine/xla/precision.js';
import type { Tensors } from '../../engine/graph/capture.js';
import { capturedUpdate } from './captured-update.js';
import { deviceSeeds, dropoutSeeds } from './dropout-seeds.js';
import { addGradients, lossAndGradients, PART, UPDATE } from './gradients.js';
import { measure, type Measurement } from './measure.js';
import type { Objective } from './objective.js';
import { createRunner, type CaptureChoice } from './runner.js';
import type { WorkerGroup } from './parallel/worker-group.js';
import { Optimizer, type NamedValues, type OptimizerOptions } from './optimizer.js';

/** What one step of training did. */
export interface StepResult {
  /** Number of the step that was taken, from 1. */
  readonly step: number;
  readonly loss: number;
  /** Learning rate of the step. */
  readonly lr: number;
  /** What the loss is made of, by names; empty where it has no parts. */
  readonly parts: Readonly<Record<string, number>>;
}

/** Takes training steps; holds weights, moments and the number of steps taken. */
export interface Trainer<B> {
  readonly step: number;
  /** Whether steps run as graphs. */
  readonly captured: boolean;
  /** What matrices are multiplied in. */
  readonly precision: Precision;
  /** Why they do not, although they may. */
  readonly whyNot: string | undefined;
  /** Learned weights. */
  readonly parameters: number;
  /** Threads that each work on a part of every batch; default 1. */
  readonly threads?: number;
  /**
   * Adds a batch to the step in hand. Several batches, of one size, are what one large batch would be,
   * but for batch norm, which sees each by itself.
   * @returns the loss of the batch
   * @throws LossError naming the clips of a batch whose loss is not a finite number; nothing is learned then
   */
  add(batch: B): Promise<number>;
  /** Takes the step on the mean of the losses of the batches that were added, at least one. */
  finish(): StepResult;
  /** One step on one batch. */
  train(batch: B): Promise<StepResult>;
  /** Without learning, with the averaged weights where they are kept. */
  measure(batches: AsyncIterable<B>): Promise<Measurement>;
  /**
   * Weights under their model's names, moments below `optimizer.`, averages below `ema.`: all that the next step depends on.
   */
  state(): Promise<NamedValues>;
  dispose(): void;
}

export interface TrainerOptions<B> {
  readonly objective: Objective<B>;
  readonly options: OptimizerOptions & {
    /** Decides dropout. */
    readonly seed: number;
    /** Largest norm of all gradients together. */
    readonly clipGrad?: number | undefined;
    /** Batches of a step; default 1. A device that runs whole steps must know. */
    readonly accumulate?: number | undefined;
  };
  readonly plan: Schedule;
  /** Weights to begin with, and moments where a run goes on. */
  readonly initial: StoredValues;
  /** Steps that have been taken already. */
  readonly step: number;
  /** Whether steps run as graphs; default `auto`. */
  readonly capture?: CaptureChoice | undefined;
  /** What matrices are multiplied in; default float32. tf32 is XLA's alone. */
  readonly precision?: Precision | undefined;
  /** Other threads that work on other parts of the same batches; steps do not run as graphs then. */
  readonly group?: WorkerGroup | undefined;
}

/** A batch whose loss is not a finite number. */
export class LossError extends Error {
  /** @param step from 1 */
  constructor(
    step: number,
    readonly loss: number,
    keys: readonly string[],
  ) {
    super(
      `the loss of step ${step} is ${loss}; a smaller --lr or --clip-grad 1 helps most often. The batch: ${keys.map((key) => key.slice(0, 12)).join(', ')}`,
    );
  }
}

/** The loss, and what it is made of by names. */
async function readNumbers(results: Tensors): Promise<[Map<string, number>, number]> {
  const read = Object.entries(results)
    .filter(([name]) => name === 'loss' || name.startsWith(PART))
    .map(async ([name, tensor]) => [name, (await tensor.data())[0] ?? NaN] as const);
  const numbers = new Map(await Promise.all(read));
  const loss = numbers.get('loss') ?? NaN;
  numbers.delete('loss');
  return [new Map([...numbers].map(([name, value]) => [name.slice(PART.length), value])), loss];
}

/** The loss of the whole batch and what it is made of. @param loss of this thread's part, by its weight */
function wholeBatch(group: WorkerGroup, parts: ReadonlyMap<string, number>, loss: number) {
  const { weight } = group;
  const weighted = [...parts.values()].map((part) => part * weight);
  const [whole = NaN, ...rest] = group.sum([loss, ...weighted]);
  return [new Map([...parts.keys()].map((name, i) => [name, rest[i] ?? NaN])), whole] as const;
}

/**
 * The training stage: forward, backward, AdamW.
 * @throws Error naming the weights that `initial` lacks or that have another size
 */
export function createTrainer<B extends { readonly keys: readonly string[] }>({
  objective,
  options,
  plan,
  initial,
  step: taken,
  capture,
  precision,
  group,
}: TrainerOptions<B>): Trainer<B> {
  const optimizer = new Optimizer(objective.specs, initial, options);
  const { weights, learned } = optimizer;
  const runner = createRunner(group === undefined ? capture : false, precision);
  let step = taken;

  function differentiate(batch: B): Tensors {
    const loaded = objective.load(batch, 'learn');
    const drawn = deviceSeeds(options.seed, step, pending.batches);
    const work = () => {
      const next = drawn?.seedsInOrder() ?? pending.nextSeed;
      const nextSeed = group === undefined ? next : group.seeds(next);
      return lossAndGradients(loaded, learned, weights, nextSeed, group);
    };
    const inputs = { ...Object.fromEntries(weights), ...loaded.tensors, ...drawn?.inputs };
    const results = runner.run('gradients', inputs, work);
    loaded.dispose();
    tf.dispose({ ...drawn?.inputs });
    return results;
  }

  /** The step in hand. */
  let pending = begin();
  function begin() {
    return { batches: 0, loss: 0, parts: new Map<string, number>(), grads: undefined as tf.Tensor[] | undefined, nextSeed: dropoutSeeds(options.seed, step) }; // prettier-ignore
  }

  function refuse(batch: B, loss: number): never {
    tf.dispose(pending.grads ?? []);
    pending = begin();
    throw new LossError(step + 1, loss, batch.keys);
  }

  async function add(batch: B): Promise<number> {
    const results = differentiate(batch);
    // Together: each wait for the device's queue costs the same, whatever it is for.
    const [numbers, loss] = await readNumbers(results)
      .then(([parts, loss]) => (group === undefined ? [parts, loss] as const : wholeBatch(group, parts, loss)))
      .catch((error: unknown) => {
        tf.dispose({ ...results });
        throw error;
      }); // prettier-ignore
    if (!Number.isFinite(loss)) {
      tf.dispose({ ...results });
      refuse(batch, loss);
    }
    results['loss']?.dispose();
    for (const [name, tensor] of Object.entries(results))
      if (name.startsWith(UPDATE)) optimizer.replace(name.slice(UPDATE.length), tensor);
      else if (name.startsWith(PART)) tensor.dispose();
    for (const [part, value] of numbers)
      pending.parts.set(part, (pending.parts.get(part) ?? 0) + value);
    const sum = addGradients(pending.grads, learned.map((_, i) => results[`gradient.${i}`] as tf.Tensor)); // prettier-ignore
    pending = { ...pending, batches: pending.batches + 1, loss: pending.loss + loss, grads: sum };
    return loss;
  }

  function finish(): StepResult {
    const { grads: own, batches, loss, parts: sums } = pending;
    if (own === undefined) throw new RangeError('trainer: there is no batch to take a step on');
    const grads = group === undefined ? own : group.sumGradients(own);
    const lr = cosineWithWarmup(step, plan);
    step++;
    const scaleOf = objective.rateScale ?? (() => 1);
    const request = { batches, clip: options.clipGrad, step, lr, scaleOf };
    if (runner.captures) capturedUpdate(runner, optimizer, grads, request);
    else optimizer.step(grads, request);
    tf.dispose(grads);
    pending = begin();
    const parts = Object.fromEntries([...sums].map(([name, sum]) => [name, sum / batches]));
    return { step, loss: loss / batches, lr, parts };
  }

  return {
    get captured() {
      return runner.captures;
    },
    get whyNot() {
      return runner.whyNot;
    },
    get precision() {
      return runner.precision;
    },
    get step() {
      return step;
    },
    parameters: optimizer.parameters,
    add,
    finish,
    async train(batch) {
      await add(batch);
      return finish();
    },
    measure: (batches) => measure(objective, optimizer.best, batches, runner),
    state: () => optimizer.state(),
    dispose() {
      optimizer.dispose();
      runner.dispose();
    },
  };
}
