import * as tf from '@tensorflow/tfjs-core';

/** What the operations of a kind took in one step. */
export interface OperationTime {
  readonly name: string;
  readonly calls: number;
  readonly ms: number;
}

type Call = (...args: unknown[]) => unknown;
type Binding = Record<'executeOp' | 'runSavedModel' | 'createTensor', Call>;

/** Graphs of a step in the order in which the trainer makes them. */
const GRAPHS = ['graph of loss and gradients', 'graph of clipping and AdamW'];

/** What was seen since it began, or since `forget`. */
export interface Watch {
  forget(): void;
  /** @param ms what these steps took as a whole */
  shares(steps: number, ms: number): OperationTime[];
}

/**
 * Times every call from TensorFlow.js into TensorFlow, by the operation's name; of captured steps these are the
 * graphs as wholes, and the watch must begin before they are recorded. Eager operations on the CPU are done when the call returns.
 */
export function watchBinding(): Watch {
  const backend = tf.backend() as unknown as { binding: Binding };
  const real = backend.binding;
  const sums = new Map<string, { calls: number; ms: number }>();
  const timed = (nameOf: (args: unknown[]) => string, call: Call): Call => (...args) => {
    const began = performance.now();
    const made = call.apply(real, args);
    const name = nameOf(args);
    const { calls, ms } = sums.get(name) ?? { calls: 0, ms: 0 };
    sums.set(name, { calls: calls + 1, ms: ms + performance.now() - began });
    return made;
  }; // prettier-ignore
  // The library's own object is sealed.
  const binding = Object.create(real) as Binding;
  Object.defineProperties(binding, {
    executeOp: { value: timed(([op]) => String(op), real.executeOp) },
    runSavedModel: {
      value: timed(([session]) => GRAPHS[Number(session)] ?? 'another graph', real.runSavedModel),
    },
    createTensor: { value: timed(() => 'handing values over', real.createTensor) },
  });
  backend.binding = binding;
  return {
    forget() {
      sums.clear();
    },
    shares(steps, whole) {
      const inside = [...sums.values()].reduce((sum, { ms }) => sum + ms, 0);
      const times = [...sums].map(([name, { calls, ms }]) => ({ name, calls: calls / steps, ms: ms / steps })); // prettier-ignore
      times.push({ name: 'JavaScript', calls: 0, ms: (whole - inside) / steps });
      return times.sort((a, b) => b.ms - a.ms);
    },
  };
}
