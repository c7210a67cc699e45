import type * as tf from '@tensorflow/tfjs-core';
import { capture, type Captured, type GraphOptions, type Tensors } from './capture.js';

/** Runs computations, each as a graph once it has been seen. */
export interface Compiled {
  /**
   * @param key what the computation depends on besides the names, shapes and types of its inputs
   * @param inputs all that changes from run to run @param work what is recorded the first time
   * @returns the results, tensors of the scope that this is called in
   * @throws CaptureError naming what cannot be captured
   */
  run(key: string, inputs: Tensors, work: () => Tensors): Tensors;
  dispose(): void;
}

const signature = (key: string, inputs: Tensors) =>
  `${key}|${Object.entries(inputs).map(([name, { dtype, shape }]: [string, tf.Tensor]) => `${name}:${dtype}:${shape.join('x')}`).join()}`; // prettier-ignore

/** How computations are made into graphs. */
export interface CompilerOptions extends GraphOptions {
  /** Graphs that are kept, the one that was not used for longest goes first; default 8. */
  readonly limit?: number;
}

export function compiler({ limit = 8, ...options }: CompilerOptions = {}): Compiled {
  const graphs = new Map<string, Captured>();
  return {
    run(key, inputs, work) {
      const id = signature(key, inputs);
      const graph = graphs.get(id) ?? capture(inputs, work, options);
      graphs.delete(id);
      graphs.set(id, graph);
      for (const [oldest, unused] of graphs) {
        if (graphs.size <= limit) break;
        unused.dispose();
        graphs.delete(oldest);
      }
      return graph.run(inputs);
    },
    dispose() {
      for (const graph of graphs.values()) graph.dispose();
      graphs.clear();
    },
  };
}
