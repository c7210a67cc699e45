import * as tf from '@tensorflow/tfjs-core';

interface Held {
  readonly id: number;
  readonly shape: number[];
}
interface Attribute {
  readonly name: string;
  readonly value: unknown;
}
interface Binding {
  executeOp(op: string, attributes: Attribute[], inputs: number[], outputs: number): Held[];
  createTensor(shape: number[], ...rest: unknown[]): number;
}

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** FLOP of one operation, a multiplication and an addition each; 0 for all but products and convolutions. */
function flopOf(op: string, attributes: Attribute[], inputs: readonly number[][], out: readonly number[]): number {
  const flag = (name: string) => attributes.find((one) => one.name === name)?.value === true;
  const [a = [], b = [], c = []] = inputs;
  switch (op) {
    case 'MatMul':
    case 'BatchMatMulV2':
      return 2 * size(out) * ((flag('adj_x') || flag('transpose_a') ? a.at(-2) : a.at(-1)) ?? 1);
    // Filters are [height, width, from, to]; each of an output's values takes height·width·from.
    case 'Conv2D':
      return 2 * size(out) * size(b.slice(0, 3));
    case 'Conv2DBackpropInput':
      return 2 * size(c) * size(b.slice(0, 3));
    case 'Conv2DBackpropFilter':
      return 2 * size(c) * size(out.slice(0, 3));
    default:
      return 0;
  }
} // prettier-ignore

/**
 * Counts the arithmetic of what is computed operation by operation on native TensorFlow.
 * @returns ends the count: FLOP of products, FLOP of convolutions
 */
export function countArithmetic(): () => { products: number; convolutions: number } {
  const backend = tf.backend() as unknown as { binding: Binding };
  const real = backend.binding;
  const shapes = new Map<number, number[]>();
  const sums = { products: 0, convolutions: 0 };
  const binding = Object.create(real) as Binding;
  Object.defineProperties(binding, {
    createTensor: {
      value: (shape: number[], ...rest: unknown[]) => {
        const id = real.createTensor(shape, ...rest);
        shapes.set(id, shape);
        return id;
      },
    },
    executeOp: {
      value: (op: string, attributes: Attribute[], inputs: number[], outputs: number) => {
        const held = real.executeOp(op, attributes, inputs, outputs);
        for (const { id, shape } of held) shapes.set(id, shape);
        const given = inputs.map((id) => shapes.get(id) ?? []);
        const flop = flopOf(op, attributes, given, held[0]?.shape ?? []);
        sums[op.startsWith('Conv') ? 'convolutions' : 'products'] += flop;
        return held;
      },
    },
  });
  backend.binding = binding;
  return () => {
    backend.binding = real;
    return sums;
  };
}
