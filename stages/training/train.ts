import * as tf from '@tensorflow/tfjs-core';
import { cosineWithWarmup, type ForwardMode, type Schedule, type StoredValues } from '../../model/index.js'; // prettier-ignore
import { addGradients, gradientFactor, gradientsOf } from './gradients.js';
import { measure, type Measurement } from './measure.js';
import type { Objective } from './objective.js';
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
  /** Learned weights. */
  readonly parameters: number;
  /**
   * Adds a batch to the step in hand. Several batches, of one size, are what one large batch would be,
   * but for batch norm, which sees each by itself.
   * @throws Error naming the clips of a batch whose loss is not a finite number; nothing is learned then
   */
  add(batch: B): void;
  /** Takes the step on the mean of the losses of the batches that were added, at least one. */
  finish(): StepResult;
  /** One step on one batch. */
  train(batch: B): StepResult;
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
  };
  readonly plan: Schedule;
  /** Weights to begin with, and moments where a run goes on. */
  readonly initial: StoredValues;
  /** Steps that have been taken already. */
  readonly step: number;
}

/** Seeds of dropout: one for every run, step and place, and no function of what ran before. */
function dropoutSeeds(seed: number, step: number): () => string {
  let place = 0;
  return () => `${seed}/${step}/${place++}`;
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
}: TrainerOptions<B>): Trainer<B> {
  const optimizer = new Optimizer(objective.specs, initial, options);
  const { weights, learned } = optimizer;
  let step = taken;

  /** Loss and gradients of one batch; new running statistics go into `updates`. */
  function differentiate(batch: B, updates: Map<string, tf.Tensor>, nextSeed: () => string) {
    const noted = new Map<string, tf.Scalar>();
    const note: ForwardMode['note'] = (parts) => {
      for (const [name, part] of Object.entries(parts)) noted.set(name, tf.keep(part));
    };
    const mode: ForwardMode = { norm: { training: true, updates }, nextSeed, note };
    const loaded = objective.load(batch, 'learn');
    const { value, grads } = gradientsOf(loaded, learned, weights, mode);
    loaded.dispose();
    const loss = value.dataSync()[0] ?? NaN;
    const parts = [...noted].map(([name, part]) => [name, part.dataSync()[0] ?? NaN] as const);
    tf.dispose([value, ...noted.values()]);
    return { loss, grads, parts };
  }

  /** The step in hand. */
  let hand = begin();
  function begin() {
    return { batches: 0, loss: 0, parts: new Map<string, number>(), grads: undefined as tf.Tensor[] | undefined, nextSeed: dropoutSeeds(options.seed, step) }; // prettier-ignore
  }

  function refuse(batch: B, loss: number): never {
    tf.dispose(hand.grads ?? []);
    hand = begin();
    throw new Error(
      `the loss of step ${step + 1} is ${loss}; a smaller --lr or --clip-grad 1 helps most often. The batch: ${batch.keys.map((key) => key.slice(0, 12)).join(', ')}`,
    );
  }

  function add(batch: B): void {
    const updates = new Map<string, tf.Tensor>();
    const { loss, grads, parts } = differentiate(batch, updates, hand.nextSeed);
    if (!Number.isFinite(loss)) {
      tf.dispose([...updates.values(), ...grads]);
      refuse(batch, loss);
    }
    updates.forEach((next, name) => {
      optimizer.replace(name, next);
    });
    const sum = addGradients(hand.grads, grads);
    for (const [name, part] of parts) hand.parts.set(name, (hand.parts.get(name) ?? 0) + part);
    hand = { ...hand, batches: hand.batches + 1, loss: hand.loss + loss, grads: sum };
  }

  function finish(): StepResult {
    const { grads, batches, loss, parts: sums } = hand;
    if (grads === undefined) throw new RangeError('trainer: there is no batch to take a step on');
    const lr = cosineWithWarmup(step, plan);
    step++;
    const factor = gradientFactor(grads, batches, options.clipGrad);
    learned.forEach((name, i) => {
      const rate = lr * (objective.rateScale?.(name) ?? 1);
      optimizer.update(name, grads[i] as tf.Tensor, factor, step, rate);
    });
    optimizer.average();
    tf.dispose([...grads, ...(factor === undefined ? [] : [factor])]);
    hand = begin();
    const parts = Object.fromEntries([...sums].map(([name, sum]) => [name, sum / batches]));
    return { step, loss: loss / batches, lr, parts };
  }

  return {
    get step() {
      return step;
    },
    parameters: optimizer.parameters,
    add,
    finish,
    train(batch) {
      add(batch);
      return finish();
    },
    measure: (batches) => measure(objective, optimizer.best, batches),
    state: () => optimizer.state(),
    dispose() {
      optimizer.dispose();
    },
  };
}
