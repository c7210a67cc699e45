import * as tf from '@tensorflow/tfjs-core';
import {
  adamwStep,
  cosineWithWarmup,
  isDecayed,
  loadWeight,
  loadWeights,
  pretrainLoss,
  pretrainSpecs,
  weightsFrom,
  type ModelConfig,
  type Moments,
  type StoredValues,
} from '../model/index.js';
import type { ClipBatch } from './batch.js';
import { toModelBatch } from './model-batch.js';
import type { TrainingOptions, TrainingPlan } from './training-options.js';

/** What one step of training did. */
export interface StepResult {
  /** Number of the step that was taken, from 1. */
  readonly step: number;
  readonly loss: number;
  /** Learning rate of the step. */
  readonly lr: number;
}

/** Values by the names they have in a checkpoint. */
export type NamedValues = Map<string, { shape: readonly number[]; data: Float32Array }>;

/** Takes training steps; holds weights, moments and the number of steps taken. */
export interface Trainer {
  readonly step: number;
  /** Learned weights. */
  readonly parameters: number;
  /** @throws Error naming the batch's clips when the loss is not a finite number */
  train(batch: ClipBatch): StepResult;
  /** Weights under their model's names, moments below `optimizer.`: all that the next step depends on. */
  state(): Promise<NamedValues>;
  dispose(): void;
}

export interface TrainerOptions {
  readonly config: ModelConfig;
  readonly options: TrainingOptions;
  readonly plan: TrainingPlan;
  /** Weights to begin with, and moments where a run goes on. */
  readonly initial: StoredValues;
  /** Steps that have been taken already. */
  readonly step: number;
}

const FIRST = 'optimizer.exp_avg.';
const SECOND = 'optimizer.exp_avg_sq.';

/** Seeds of dropout: one for every run, step and place, and no function of what ran before. */
function dropoutSeeds(seed: number, step: number): () => string {
  let place = 0;
  return () => `${seed}/${step}/${place++}`;
}

/**
 * The training stage: forward, backward, AdamW.
 * @throws Error naming the weights that `initial` lacks or that have another size
 */
export function createTrainer({
  config,
  options,
  plan,
  initial,
  step: taken,
}: TrainerOptions): Trainer {
  const specs = pretrainSpecs(config);
  const all = loadWeights(initial, specs);
  const moments = new Map<string, Moments>();
  for (const { name, shape, trainable } of specs) {
    if (!trainable) continue;
    // A run that begins has no moments yet.
    const moment = (stored: string) =>
      initial.has(stored) ? loadWeight(initial, stored, shape) : tf.zeros([...shape]);
    moments.set(name, { first: moment(FIRST + name), second: moment(SECOND + name) });
  }
  const learned = specs.filter((spec) => spec.trainable).map((spec) => spec.name);
  const settings = { beta1: options.beta1, beta2: options.beta2, weightDecay: options.weightDecay };
  let step = taken;

  /** Replaces a weight and frees the old one. */
  const replace = (name: string, next: tf.Tensor): void => {
    all.get(name)?.dispose();
    all.set(name, next);
  };

  function gradientsOf(batch: ClipBatch, updates: Map<string, tf.Tensor>) {
    const input = toModelBatch(batch, config);
    const mode = {
      norm: { training: true, updates },
      nextSeed: dropoutSeeds(options.seed, step),
    } as const;
    const lossOf = (...tensors: tf.Tensor[]) => {
      const merged = new Map(all);
      learned.forEach((name, i) => merged.set(name, tensors[i] as tf.Tensor));
      return pretrainLoss(input, weightsFrom(merged), config, mode);
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(
      learned.map((name) => weightsFrom(all)(name)),
    );
    tf.dispose({ ...input });
    return { value, grads };
  }

  /** Row by row: wasm adds in float32, and a sum over millions of values at once stops growing. */
  function sumOfSquares(x: tf.Tensor): tf.Tensor {
    const rows = tf.reshape(tf.square(x), [-1, x.shape.at(-1) ?? 1]);
    return tf.sum(tf.sum(rows, 0));
  }

  /** One factor for all gradients that brings their common norm down to the limit. */
  function clipFactor(grads: readonly tf.Tensor[]): tf.Tensor | undefined {
    const limit = options.clipGrad;
    if (limit === undefined) return undefined;
    return tf.tidy(() => {
      const norm = tf.sqrt(tf.addN(grads.map(sumOfSquares)));
      return tf.minimum(tf.div(limit, tf.add(norm, 1e-6)), 1);
    });
  }

  function apply(
    name: string,
    gradient: tf.Tensor,
    factor: tf.Tensor | undefined,
    lr: number,
  ): void {
    const weight = weightsFrom(all)(name);
    const old = moments.get(name) as Moments;
    const next = tf.tidy(() => {
      const scaled = factor === undefined ? gradient : tf.mul(gradient, factor);
      return adamwStep(weight, scaled, old, step, lr, isDecayed(name, weight.shape), settings);
    });
    tf.dispose([old.first, old.second]);
    moments.set(name, { first: next.first, second: next.second });
    replace(name, next.weight);
  }

  return {
    get step() {
      return step;
    },
    parameters: specs
      .filter((spec) => spec.trainable)
      .reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0),
    train(batch) {
      const lr = cosineWithWarmup(step, plan);
      const updates = new Map<string, tf.Tensor>();
      const { value, grads } = gradientsOf(batch, updates);
      const loss = value.dataSync()[0] ?? NaN;
      value.dispose();
      step++;
      if (Number.isFinite(loss)) {
        const factor = clipFactor(grads);
        learned.forEach((name, i) => {
          apply(name, grads[i] as tf.Tensor, factor, lr);
        });
        factor?.dispose();
        updates.forEach((next, name) => {
          replace(name, next);
        });
      } else
        updates.forEach((tensor) => {
          tensor.dispose();
        });
      tf.dispose(grads);
      if (!Number.isFinite(loss))
        throw new Error(
          `the loss of step ${step} is ${loss}; a smaller --lr or --clip-grad 1 helps most often. The batch: ${batch.keys.map((key) => key.slice(0, 12)).join(', ')}`,
        );
      return { step, loss, lr };
    },
    async state() {
      const tensors = new Map<string, tf.Tensor>(all);
      for (const [name, { first, second }] of moments)
        tensors.set(FIRST + name, first).set(SECOND + name, second);
      const values: NamedValues = new Map();
      for (const [name, tensor] of tensors)
        values.set(name, { shape: tensor.shape, data: (await tensor.data()) as Float32Array });
      return values;
    },
    dispose() {
      tf.dispose([...all.values()]);
      for (const { first, second } of moments.values()) tf.dispose([first, second]);
    },
  };
}
