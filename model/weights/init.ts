import { util } from '@tensorflow/tfjs-core';
import type { WeightSpec } from './weights.js';

/** Uniform numbers in [0, 1). */
export type Draw = () => number;

/** A standard normal number, by Box and Muller. */
function normal(draw: Draw): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

const product = (shape: readonly number[]) => util.sizeFromShape([...shape]);

function fill(spec: WeightSpec, draw: Draw): Float32Array {
  const values = new Float32Array(product(spec.shape));
  const receptive = product(spec.shape.slice(2));
  const fanOut = (spec.shape[0] ?? 1) * receptive;
  const fanIn = product(spec.shape.slice(1));
  switch (spec.init) {
    case 'zeros':
      return values;
    case 'ones':
      return values.fill(1);
    case 'xavier-uniform': {
      // A patch embedding is a linear map of the flattened tubelet, and is drawn as one.
      const limit = Math.sqrt(6 / (fanIn + (spec.shape[0] ?? 1)));
      return values.map(() => (draw() * 2 - 1) * limit);
    }
    case 'kaiming-fan-out': {
      const deviation = Math.sqrt(2 / fanOut);
      return values.map(() => normal(draw) * deviation);
    }
    case 'normal-0.02':
      return values.map(() => normal(draw) * 0.02);
    case 'normal-2e-5':
      return values.map(() => normal(draw) * 2e-5);
  }
}

/**
 * Weights before training, the same on every backend.
 * @param streamFor uniform numbers for a weight by its name, so that no weight depends on another
 */
export function initialWeights(
  specs: readonly WeightSpec[],
  streamFor: (name: string) => Draw,
): Map<string, Float32Array> {
  return new Map(specs.map((spec) => [spec.name, fill(spec, streamFor(spec.name))]));
}
