import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Looks a weight up by its name. Networks are functions over tensors and take their weights this
 * way, so that the same function runs on trainable variables, on plain tensors and on golden files.
 * Names and layouts are the original PyTorch ones (a linear map is `[out, in]`, a convolution
 * `[out, in, height, width]`), so that weights are interchangeable by name.
 */
export type Weights = (name: string) => Tensor;

/**
 * How a weight is drawn before training; `fan` follows PyTorch's `[out, in, ...]` layout.
 * `normal-2e-5` is a classification head's: 0.02 times 0.001, so that fine-tuning begins with even odds.
 */
export type Initializer =
  'zeros' | 'ones' | 'xavier-uniform' | 'kaiming-fan-out' | 'normal-0.02' | 'normal-2e-5';

/** One weight of a network: what must be in a checkpoint for the network to run. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Initializer;
  /** False for state that is not learned by gradient: the running statistics of batch norm. */
  readonly trainable: boolean;
}

/** @throws Error naming the weight that the map lacks. */
export function weightsFrom(map: ReadonlyMap<string, Tensor>): Weights {
  return (name) => {
    const tensor = map.get(name);
    if (tensor === undefined) throw new Error(`weight "${name}" is missing`);
    return tensor;
  };
}

/** The weights below `prefix.`. */
export function under(weights: Weights, prefix: string): Weights {
  return (name) => weights(`${prefix}.${name}`);
}

/** The same specs, named below `prefix.`. */
export function specsUnder(prefix: string, specs: readonly WeightSpec[]): WeightSpec[] {
  return specs.map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` }));
}
