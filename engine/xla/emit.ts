import type { Combiner, ProgramBuilder, Value } from './program.js';
import { sizeOf, tensorType, type ElementType } from './types.js';

/** MLIR's `array<i64: …>`. */
export const i64s = (values: readonly number[]): string =>
  values.length === 0 ? 'array<i64>' : `array<i64: ${values.join(', ')}>`;

/** A constant with the same value everywhere. */
export const filled = (
  builder: ProgramBuilder,
  value: number,
  element: ElementType,
  shape: readonly number[] = [],
): Value => broadcast(builder, builder.constant([value], tensorType(element)), shape);

/** Repeats axes of size 1 and adds axes in front, as NumPy does. */
export function broadcast(builder: ProgramBuilder, x: Value, shape: readonly number[]): Value {
  const { element, shape: from } = x.type;
  if (from.join() === shape.join()) return x;
  const missing = shape.length - from.length;
  return placed(builder, x, shape, from.map((_, axis) => axis + missing), element); // prettier-ignore
}

function placed(
  builder: ProgramBuilder,
  x: Value,
  shape: readonly number[],
  axes: readonly number[],
  element: ElementType,
): Value {
  const attributes = `broadcast_dimensions = ${i64s(axes)}`;
  return builder.apply('broadcast_in_dim', [x], tensorType(element, shape), { attributes });
}

/** Repeats `x` along new axes. @param axes where each axis of `x` lies in `shape` */
export const broadcastAlong = (
  builder: ProgramBuilder,
  x: Value,
  shape: readonly number[],
  axes: readonly number[],
): Value => placed(builder, x, shape, axes, x.type.element);

/** Shape of an elementwise operation's result. @throws RangeError where the shapes do not go together */
export function commonShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [one = 1, two = 1] = [a[i - rank + a.length], b[i - rank + b.length]];
    if (one !== two && one !== 1 && two !== 1)
      throw new RangeError(`shapes [${a.join()}] and [${b.join()}] do not broadcast`);
    return one === 1 ? two : one;
  });
}

/** One operation on two operands of one element type, with broadcasting. */
export function binary(builder: ProgramBuilder, op: string, a: Value, b: Value): Value {
  const shape = commonShape(a.type.shape, b.type.shape);
  const operands = [broadcast(builder, a, shape), broadcast(builder, b, shape)];
  return builder.apply(op, operands, tensorType(a.type.element, shape));
}

/** The same with a constant as second operand. */
export const withNumber = (builder: ProgramBuilder, op: string, a: Value, b: number): Value =>
  binary(builder, op, a, filled(builder, b, a.type.element));

/** One operation that keeps shape and element type. */
export const unary = (builder: ProgramBuilder, op: string, x: Value, attributes = ''): Value =>
  builder.apply(op, [x], x.type, { attributes });

export type Comparison = 'EQ' | 'NE' | 'LT' | 'LE' | 'GT' | 'GE';

export function compare(builder: ProgramBuilder, direction: Comparison, a: Value, b: Value): Value {
  const shape = commonShape(a.type.shape, b.type.shape);
  const operands = [broadcast(builder, a, shape), broadcast(builder, b, shape)];
  const attributes = `comparison_direction = #stablehlo<comparison_direction ${direction}>`;
  return builder.apply('compare', operands, tensorType('i1', shape), { attributes });
}

/** `condition ? a : b`, with broadcasting. */
export function select(builder: ProgramBuilder, condition: Value, a: Value, b: Value): Value {
  const shape = commonShape(commonShape(condition.type.shape, a.type.shape), b.type.shape);
  const operands = [condition, a, b].map((x) => broadcast(builder, x, shape));
  return builder.apply('select', operands, tensorType(a.type.element, shape));
}

/** Another element type. Floats lose their fraction towards zero; `i1` is whether a value is not 0. */
export function convert(builder: ProgramBuilder, x: Value, element: ElementType): Value {
  const { element: from, shape } = x.type;
  if (from === element) return x;
  if (element === 'i1') return compare(builder, 'NE', x, filled(builder, 0, from));
  return builder.apply('convert', [x], tensorType(element, shape));
}

export function reshape(builder: ProgramBuilder, x: Value, shape: readonly number[]): Value {
  if (x.type.shape.join() === shape.join()) return x;
  return builder.apply('reshape', [x], tensorType(x.type.element, shape));
}

export function transpose(builder: ProgramBuilder, x: Value, order: readonly number[]): Value {
  if (order.every((axis, i) => axis === i)) return x;
  const shape = order.map((axis) => x.type.shape[axis] ?? 1);
  const attributes = `permutation = ${i64s(order)}`;
  return builder.apply('transpose', [x], tensorType(x.type.element, shape), { attributes });
}

export function concatenate(builder: ProgramBuilder, parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  if (first === undefined) throw new RangeError('nothing to concatenate');
  const length = parts.reduce((sum, { type }) => sum + (type.shape[axis] ?? 0), 0);
  const shape = first.type.shape.with(axis, length);
  const attributes = `dimension = ${axis} : i64`;
  return builder.apply('concatenate', parts, tensorType(first.type.element, shape), { attributes });
}

export function slice(
  builder: ProgramBuilder,
  x: Value,
  begin: readonly number[],
  size: readonly number[],
): Value {
  if (size.join() === x.type.shape.join()) return x;
  const limits = begin.map((from, axis) => from + (size[axis] ?? 0));
  const attributes = `start_indices = ${i64s(begin)}, limit_indices = ${i64s(limits)}, strides = ${i64s(begin.map(() => 1))}`;
  return builder.apply('slice', [x], tensorType(x.type.element, size), { attributes });
}

/** 0, 1, 2, … along an axis. */
export const iota = (
  builder: ProgramBuilder,
  element: ElementType,
  shape: readonly number[],
  axis = 0,
): Value =>
  builder.apply('iota', [], tensorType(element, shape), { attributes: `iota_dimension = ${axis} : i64` }); // prettier-ignore

/** Combines all elements along axes. @param start the combiner's neutral element */
export function reduce(
  builder: ProgramBuilder,
  x: Value,
  axes: readonly number[],
  combiner: Combiner,
  start: number,
): Value {
  if (axes.length === 0) return x;
  const { element, shape } = x.type;
  const rest = shape.filter((_, axis) => !axes.includes(axis));
  const attributes = `dimensions = ${i64s(axes.toSorted((a, b) => a - b))}`;
  const operands = [x, builder.constant([start], tensorType(element))];
  return builder.apply('reduce', operands, tensorType(element, rest), { attributes, combiner });
}

/** Elements that are combined into one. */
export const countAlong = ({ type }: Value, axes: readonly number[]): number =>
  sizeOf(axes.map((axis) => type.shape[axis] ?? 1));
