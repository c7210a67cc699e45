import { binary, broadcastAlong, compare, countAlong, filled, iota, reduce, reshape, select, unary, withNumber } from '../emit.js'; // prettier-ignore
import type { Combiner, ProgramBuilder, Value } from '../program.js';
import type { Kernel, KernelCall, Kernels } from './kernel.js';

/** Axes counted from the front; all where none are named. */
function axesOf(axis: unknown, rank: number): number[] {
  const named = (axis ?? Array.from({ length: rank }, (_, i) => i)) as number | number[];
  return (typeof named === 'number' ? [named] : named).map((one) => (one < 0 ? one + rank : one));
}

const keptShape = (x: Value, axes: readonly number[]) =>
  x.type.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

/** A reduction as TensorFlow.js has it, with `axis` and `keepDims`. */
const reduction =
  (combiner: Combiner, start: (x: Value) => number): Kernel =>
  ({ builder, input, attrs }) => {
    const x = input('x');
    // Max alone has another name for them.
    const axes = axesOf(attrs['axis'] ?? attrs['reductionIndices'], x.type.shape.length);
    const reduced = reduce(builder, x, axes, combiner, start(x));
    return attrs['keepDims'] === true ? reshape(builder, reduced, keptShape(x, axes)) : reduced;
  };

const lowest = ({ type }: Value) => (type.element === 'i32' ? -(2 ** 31) : -Infinity);
const highest = ({ type }: Value) => (type.element === 'i32' ? 2 ** 31 - 1 : Infinity);

const sum = reduction('add', () => 0);

function mean(call: KernelCall): Value {
  const x = call.input('x');
  const count = countAlong(x, axesOf(call.attrs['axis'], x.type.shape.length));
  return withNumber(call.builder, 'divide', sum(call) as Value, count);
}

/** Reduces the last axis, and repeats the result along it. */
function alongLast(builder: ProgramBuilder, x: Value, combiner: Combiner, start: number): Value {
  const last = x.type.shape.length - 1;
  const reduced = reduce(builder, x, [last], combiner, start);
  return broadcastAlong(builder, reduced, x.type.shape, reduced.type.shape.map((_, axis) => axis)); // prettier-ignore
}

/** exp(x − max) and its sum over the last axis. */
function exponentials(builder: ProgramBuilder, x: Value) {
  const shifted = binary(builder, 'subtract', x, alongLast(builder, x, 'maximum', -Infinity));
  const raised = unary(builder, 'exponential', shifted);
  return { shifted, raised, sums: alongLast(builder, raised, 'add', 0) };
}

function softmax({ builder, input }: KernelCall): Value {
  const { raised, sums } = exponentials(builder, input('logits'));
  return binary(builder, 'divide', raised, sums);
}

function logSoftmax({ builder, input }: KernelCall): Value {
  const { shifted, sums } = exponentials(builder, input('logits'));
  return binary(builder, 'subtract', shifted, unary(builder, 'log', sums));
}

/** The first place of the largest value, int32. */
function argMax({ builder, input, attrs }: KernelCall): Value {
  const x = input('x');
  const { shape } = x.type;
  const [axis = 0] = axesOf(attrs['axis'], shape.length);
  const largest = reduce(builder, x, [axis], 'maximum', lowest(x));
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  const spread = broadcastAlong(builder, largest, shape, others);
  const places = iota(builder, 'i32', shape, axis);
  const none = filled(builder, shape[axis] ?? 0, 'i32', shape);
  const found = select(builder, compare(builder, 'EQ', x, spread), places, none);
  return reduce(builder, found, [axis], 'minimum', 2 ** 31 - 1);
}

/** What combines many elements into one. */
export const REDUCTIONS: Kernels = {
  Sum: sum,
  Mean: mean,
  Prod: reduction('multiply', () => 1),
  Max: reduction('maximum', lowest),
  Min: reduction('minimum', highest),
  All: reduction('and', () => 1),
  Any: reduction('or', () => 0),
  ArgMax: argMax,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
};
