import * as tf from '@tensorflow/tfjs-core';
import { broadcast, broadcastAlong, concatenate, filled, i64s, iota, reshape, select, slice, transpose, compare } from '../emit.js'; // prettier-ignore
import type { Value } from '../program.js';
import { sizeOf, tensorType } from '../types.js';
import { elementOf } from './elementwise.js';
import type { KernelCall, Kernels } from './kernel.js';

const fromFront = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

function expandDims({ builder, input, attrs }: KernelCall): Value {
  const { shape } = input('input').type;
  const at = fromFront(attrs['dim'] as number, shape.length + 1);
  return reshape(builder, input('input'), shape.toSpliced(at, 0, 1));
}

/** One size may be −1: whatever is left. */
function toShape({ builder, input, attrs }: KernelCall): Value {
  const x = input('x');
  const asked = attrs['shape'] as number[];
  return reshape(builder, x, tf.util.inferFromImplicitShape(asked, sizeOf(x.type.shape)));
}

function concat({ builder, inputs, attrs }: KernelCall): Value {
  const rank = inputs[0]?.type.shape.length ?? 0;
  return concatenate(builder, inputs, fromFront(attrs['axis'] as number, rank));
}

/** Tensors of one shape side by side along a new axis. */
function pack({ builder, inputs, attrs }: KernelCall): Value {
  const rank = inputs[0]?.type.shape.length ?? 0;
  const at = fromFront(attrs['axis'] as number, rank + 1);
  const parts = inputs.map((one) => reshape(builder, one, one.type.shape.toSpliced(at, 0, 1)));
  return concatenate(builder, parts, at);
}

/** Sizes of the parts of an axis. */
function partSizes(asked: number | number[], whole: number): number[] {
  if (typeof asked === 'number') return Array.from({ length: asked }, () => whole / asked);
  const known = asked.reduce((sum, size) => sum + Math.max(0, size), 0);
  return asked.map((size) => (size < 0 ? whole - known : size));
}

function split({ builder, input, attrs }: KernelCall): Value[] {
  const x = input('x');
  const { shape } = x.type;
  const axis = fromFront(attrs['axis'] as number, shape.length);
  let from = 0;
  return partSizes(attrs['numOrSizeSplits'] as number | number[], shape[axis] ?? 0).map((size) => {
    const begin = shape.map((_, i) => (i === axis ? from : 0));
    from += size;
    return slice(builder, x, begin, shape.with(axis, size));
  });
}

/** What TensorFlow.js' helpers ask of a tensor. */
const shapeOnly = ({ type }: Value): tf.TensorInfo => ({ dataId: {}, shape: [...type.shape], dtype: 'float32' }); // prettier-ignore

function cut({ builder, input, attrs }: KernelCall): Value {
  const x = input('x');
  const { begin, size } = attrs as unknown as tf.SliceAttrs;
  const [from, sizes] = tf.slice_util.parseSliceParams(shapeOnly(x), begin, size);
  return slice(builder, x, from ?? [], sizes ?? []);
}

function pad({ builder, input, attrs }: KernelCall): Value {
  const x = input('x');
  const sides = attrs['paddings'] as [number, number][];
  const shape = x.type.shape.map((size, i) => size + (sides[i]?.[0] ?? 0) + (sides[i]?.[1] ?? 0));
  const [low, high] = [0, 1].map((side) => i64s(sides.map((one) => one[side] ?? 0)));
  const attributes = `edge_padding_low = ${low}, edge_padding_high = ${high}, interior_padding = ${i64s(sides.map(() => 0))}`;
  const value = filled(builder, attrs['constantValue'] as number, x.type.element);
  return builder.apply('pad', [x, value], tensorType(x.type.element, shape), { attributes });
}

function reverse({ builder, input, attrs }: KernelCall): Value {
  const x = input('x');
  const asked = attrs['dims'] as number | number[];
  const dims = (typeof asked === 'number' ? [asked] : asked).map((one) => fromFront(one, x.type.shape.length)); // prettier-ignore
  if (dims.length === 0) return x;
  return builder.apply('reverse', [x], x.type, { attributes: `dimensions = ${i64s(dims)}` });
}

/** Repeats the whole: each axis gets one in front of it, which is then repeated. */
function tile({ builder, input, attrs }: KernelCall): Value {
  const x = input('x');
  const { shape } = x.type;
  const times = attrs['reps'] as number[];
  const long = shape.flatMap((size, i) => [times[i] ?? 1, size]);
  const spread = broadcastAlong(builder, x, long, shape.map((_, i) => 2 * i + 1)); // prettier-ignore
  return reshape(builder, spread, shape.map((size, i) => size * (times[i] ?? 1))); // prettier-ignore
}

function range({ builder, attrs }: KernelCall): Value {
  const { start, stop, step, dtype } = attrs as { start: number; stop: number; step: number; dtype: string }; // prettier-ignore
  const values = Array.from({ length: Math.max(0, Math.ceil((stop - start) / step)) }, (_, i) => start + i * step); // prettier-ignore
  return builder.constant(values, tensorType(elementOf(dtype), [values.length]));
}

function oneHot({ builder, input, attrs }: KernelCall): Value {
  const { depth, onValue, offValue, dtype } = attrs as { depth: number; onValue: number; offValue: number; dtype: string }; // prettier-ignore
  const { shape } = input('indices').type;
  const long = [...shape, depth];
  const spread = broadcastAlong(builder, input('indices'), long, shape.map((_, i) => i)); // prettier-ignore
  const hit = compare(builder, 'EQ', spread, iota(builder, 'i32', long, shape.length));
  const element = elementOf(dtype);
  return select(builder, hit, filled(builder, onValue, element), filled(builder, offValue, element)); // prettier-ignore
}

function like(value: number) {
  return ({ builder, input }: KernelCall): Value =>
    filled(builder, value, input('x').type.element, input('x').type.shape);
}

function fill({ builder, attrs }: KernelCall): Value {
  const { shape, value, dtype = 'float32' } = attrs as { shape: number[]; value: number; dtype?: string }; // prettier-ignore
  return filled(builder, value, elementOf(dtype), shape);
}

/** What moves elements, or makes them out of nothing. */
export const SHAPES: Kernels = {
  BroadcastTo: ({ builder, input, attrs }) => broadcast(builder, input('x'), attrs['shape'] as number[]),
  Concat: concat,
  ExpandDims: expandDims,
  Fill: fill,
  Identity: ({ input }) => input('x'),
  OneHot: oneHot,
  OnesLike: like(1),
  Pack: pack,
  PadV2: pad,
  Range: range,
  Reshape: toShape,
  Reverse: reverse,
  Slice: cut,
  SplitV: split,
  Tile: tile,
  Transpose: ({ builder, input, attrs }) => transpose(builder, input('x'), attrs['perm'] as number[]),
  ZerosLike: like(0),
}; // prettier-ignore
