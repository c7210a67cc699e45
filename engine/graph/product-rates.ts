import * as tf from '@tensorflow/tfjs-core';
import type { ProductType } from './bfloat16.js';
import { capture } from './capture.js';

const SIDE = 1024;
const FLOP = 2 * SIDE ** 3;
const ROUNDS = 5;

/** Below this gain the bits are worth more than the time. */
const WORTHWHILE = 1.2;

/**
 * How fast matrices of 1024² are multiplied inside graphs on this machine, casts to bfloat16 and back included:
 * the best of a few in turns, some 0.2 s on two cores. @returns GFLOP/s
 * @throws CaptureError where the backend is not native TensorFlow
 */
export function productRates(): Record<ProductType, number> {
  return tf.tidy(() => {
    const inputs = { a: tf.randomUniform([SIDE, SIDE]), b: tf.randomUniform([SIDE, SIDE]) };
    // Of the product only a corner, so that it is not copied out.
    const work = () => ({ corner: tf.slice(tf.matMul(inputs.a, inputs.b), [0, 0], [1, 1]) });
    const ways = (['float32', 'bfloat16'] as const).map((products) => ({ products, graph: capture(inputs, work, { products }), best: Infinity })); // prettier-ignore
    for (let round = 0; round <= ROUNDS; round++)
      for (const way of ways) {
        const start = performance.now();
        way.graph.run(inputs)['corner']?.dataSync();
        // The first is for optimising the graph.
        if (round > 0) way.best = Math.min(way.best, performance.now() - start);
      }
    for (const { graph } of ways) graph.dispose();
    const rate = ({ best }: { best: number }) => FLOP / best / 1e6;
    return Object.fromEntries(ways.map((way) => [way.products, rate(way)])) as Record<ProductType, number>; // prettier-ignore
  });
}

/** The faster of the two here, by measurement. */
export function fasterProducts(): ProductType {
  const { float32, bfloat16 } = productRates();
  return bfloat16 > WORTHWHILE * float32 ? 'bfloat16' : 'float32';
}
