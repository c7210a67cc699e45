import * as tf from '@tensorflow/tfjs-core';
import { adamwStep, isDecayed, type AdamWOptions, type Moments } from '../../model/optim/adamw.js';
import { AVERAGED } from '../../model/weights/averages.js';
import { loadWeight, loadWeights, type StoredValues } from '../../model/weights/load-weights.js';
import { weightsFrom, type WeightSpec } from '../../model/weights/weights.js';
import { gradientFactor } from './gradients.js';

/** Values by the names they have in a checkpoint. */
export type NamedValues = Map<string, { shape: readonly number[]; data: Float32Array }>;

export const FIRST = 'optimizer.exp_avg.';
export const SECOND = 'optimizer.exp_avg_sq.';

/** What a step needs besides the gradients. */
export interface UpdateRequest {
  /** Batches that the gradients are the sum of. */
  readonly batches: number;
  /** Largest norm of all gradients together. */
  readonly clip: number | undefined;
  /** From 1. */
  readonly step: number;
  readonly lr: number;
  /** What a weight's learning rate is multiplied by. */
  readonly scaleOf: (name: string) => number;
}

export interface OptimizerOptions extends AdamWOptions {
  /** Keeps a moving average of the weights: what the old average is multiplied by each step. */
  readonly average?: number | undefined;
}

/**
 * A model's weights in training with what AdamW knows of them. Tensors belong to it.
 * @throws Error naming the weights that `initial` lacks or that have another size
 */
export class Optimizer {
  readonly weights: Map<string, tf.Tensor>;
  /** Names of the weights that are learned, in the order of the specs. */
  readonly learned: readonly string[];
  readonly #moments = new Map<string, Moments>();
  readonly #averages = new Map<string, tf.Tensor>();

  constructor(
    specs: readonly WeightSpec[],
    initial: StoredValues,
    readonly options: OptimizerOptions,
  ) {
    this.weights = loadWeights(initial, specs);
    this.learned = specs.filter((spec) => spec.trainable).map((spec) => spec.name);
    for (const { name, shape, trainable } of specs) {
      // A run that begins has no moments yet, and its average is what it begins with.
      const stored = (key: string, otherwise: () => tf.Tensor) =>
        initial.has(key) ? loadWeight(initial, key, shape) : otherwise();
      if (options.average !== undefined)
        this.#averages.set(
          name,
          stored(AVERAGED + name, () => loadWeight(initial, name, shape)),
        );
      if (!trainable) continue;
      const zeros = () => tf.zeros([...shape]);
      this.#moments.set(name, { first: stored(FIRST + name, zeros), second: stored(SECOND + name, zeros) }); // prettier-ignore
    }
  }

  /** Values that are learned. */
  get parameters(): number {
    return this.learned.reduce((sum, name) => sum + (this.weights.get(name)?.size ?? 0), 0);
  }

  /** The weights to use the model with: averaged, where averages are kept. */
  get best(): ReadonlyMap<string, tf.Tensor> {
    return this.options.average === undefined ? this.weights : this.#averages;
  }

  /** Puts another tensor in a weight's place and frees the old one. */
  replace(name: string, next: tf.Tensor): void {
    this.weights.get(name)?.dispose();
    this.weights.set(name, next);
  }

  /** One step of AdamW on one weight. @param factor that the gradient is multiplied by @param step from 1 */
  #update(name: string, gradient: tf.Tensor, factor: tf.Tensor | undefined, step: number, lr: number): void {
    const weight = weightsFrom(this.weights)(name);
    const old = this.#moments.get(name) as Moments;
    const next = tf.tidy(() => {
      const scaled = factor === undefined ? gradient : tf.mul(gradient, factor);
      return adamwStep(weight, scaled, old, step, lr, isDecayed(name, weight.shape), this.options);
    });
    tf.dispose([old.first, old.second]);
    this.#moments.set(name, { first: next.first, second: next.second });
    this.replace(name, next.weight);
  } // prettier-ignore

  /** One step of all weights. @param grads in the order of `learned`, sums of `batches`; the caller's */
  step(grads: readonly tf.Tensor[], { batches, clip, step, lr, scaleOf }: UpdateRequest): void {
    const factor = gradientFactor(grads, batches, clip);
    this.learned.forEach((name, i) => {
      this.#update(name, grads[i] as tf.Tensor, factor, step, lr * scaleOf(name));
    });
    factor?.dispose();
    this.#average();
  }

  /** Moves the averages towards the weights; called once a step. */
  #average(): void {
    const { average } = this.options;
    if (average === undefined) return;
    for (const [name, old] of this.#averages) {
      const weight = weightsFrom(this.weights)(name);
      this.#averages.set(name, tf.tidy(() => tf.add(tf.mul(old, average), tf.mul(weight, 1 - average)))); // prettier-ignore
      old.dispose();
    }
  }

  /** Weights under their model's names, what the next step needs besides under names in front of them. */
  get tensors(): Map<string, tf.Tensor> {
    const tensors = new Map<string, tf.Tensor>(this.weights);
    for (const [name, { first, second }] of this.#moments)
      tensors.set(FIRST + name, first).set(SECOND + name, second);
    for (const [name, tensor] of this.#averages) tensors.set(AVERAGED + name, tensor);
    return tensors;
  }

  /** The values of {@link tensors}. */
  async state(): Promise<NamedValues> {
    const values: NamedValues = new Map();
    for (const [name, tensor] of this.tensors)
      values.set(name, { shape: tensor.shape, data: (await tensor.data()) as Float32Array });
    return values;
  }

  /** Puts others in the place of {@link tensors} of these names, and frees those. */
  put(next: Readonly<Record<string, tf.Tensor>>): void {
    for (const [name, tensor] of Object.entries(next))
      if (name.startsWith(FIRST)) this.#moment(name.slice(FIRST.length), { first: tensor });
      else if (name.startsWith(SECOND)) this.#moment(name.slice(SECOND.length), { second: tensor });
      else if (name.startsWith(AVERAGED)) {
        this.#averages.get(name.slice(AVERAGED.length))?.dispose();
        this.#averages.set(name.slice(AVERAGED.length), tensor);
      } else this.replace(name, tensor);
  }

  #moment(name: string, next: Partial<Moments>): void {
    const old = this.#moments.get(name) as Moments;
    for (const key of Object.keys(next) as (keyof Moments)[]) old[key].dispose();
    this.#moments.set(name, { ...old, ...next });
  }

  dispose(): void {
    tf.dispose([...this.weights.values(), ...this.#averages.values()]);
    for (const { first, second } of this.#moments.values()) tf.dispose([first, second]);
  }
}
