import { broadcast, convert, i64s } from '../emit.js';
import { precisionConfig, type Precision } from '../precision.js';
import type { ProgramBuilder, Value } from '../program.js';
import { tensorType } from '../types.js';
import type { KernelCall, Kernels } from './kernel.js';

interface Contraction {
  /** Axes in front that both operands share. */
  readonly batch: number;
  readonly aAxis: number;
  readonly bAxis: number;
}

const listed = (axes: readonly number[]) => `[${axes.join(', ')}]`;

function dot(builder: ProgramBuilder, a: Value, b: Value, { batch, aAxis, bAxis }: Contraction, precision: Precision): Value {
  const shared = Array.from({ length: batch }, (_, axis) => axis);
  const rest = ({ type }: Value, axis: number) => type.shape.filter((_, i) => i >= batch && i !== axis);
  const shape = [...a.type.shape.slice(0, batch), ...rest(a, aAxis), ...rest(b, bAxis)];
  const attributes = `dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = ${listed(shared)}, rhs_batching_dimensions = ${listed(shared)}, lhs_contracting_dimensions = ${listed([aAxis])}, rhs_contracting_dimensions = ${listed([bAxis])}>, ${precisionConfig(precision)}`;
  return builder.apply('dot_general', [a, b], tensorType(a.type.element, shape), { attributes });
} // prettier-ignore

/** Operands in the type that they are multiplied in, and the product back in float32. */
function inPrecision(
  { builder, precision }: KernelCall,
  operands: readonly [Value, Value],
  product: (a: Value, b: Value) => Value,
): Value {
  const [a, b] = operands;
  if (precision !== 'bfloat16' || a.type.element !== 'f32') return product(a, b);
  const narrow = product(convert(builder, a, 'bf16'), convert(builder, b, 'bf16'));
  return convert(builder, narrow, 'f32');
}

/** `[…, M, K] · […, K, N]`, either transposed; batches are equal, or 1 on one side. */
function batchMatMul(call: KernelCall): Value {
  const { builder, input, attrs, precision } = call;
  const [a, b] = [input('a'), input('b')];
  const batch = Math.max(a.type.shape.length, b.type.shape.length) - 2;
  const outer = Array.from({ length: batch }, (_, i) =>
    Math.max(a.type.shape.at(i - batch - 2) ?? 1, b.type.shape.at(i - batch - 2) ?? 1),
  );
  const spread = (x: Value) => broadcast(builder, x, [...outer, ...x.type.shape.slice(-2)]);
  const aAxis = attrs['transposeA'] === true ? batch : batch + 1;
  const bAxis = attrs['transposeB'] === true ? batch + 1 : batch;
  return inPrecision(call, [spread(a), spread(b)], (one, two) =>
    dot(builder, one, two, { batch, aAxis, bAxis }, precision),
  );
}

type Pair = readonly [number, number];
const pairOf = (value: unknown): Pair =>
  typeof value === 'number' ? [value, value] : (value as Pair);

/** What is added on each side of height and width. @throws RangeError for a padding of an unknown kind */
function padding(attrs: KernelCall['attrs'], sizes: Pair, spans: Pair, strides: Pair): Pair[] {
  const { pad } = attrs;
  if (Array.isArray(pad)) return [pad[1] as Pair, pad[2] as Pair];
  if (typeof pad === 'number') return [[pad, pad], [pad, pad]];
  if (pad === 'valid') return [[0, 0], [0, 0]];
  if (pad !== 'same') throw new RangeError(`padding ${String(pad)} of a convolution is not known`);
  return ([0, 1] as const).map((axis): Pair => {
    const out = Math.ceil(sizes[axis] / strides[axis]);
    const whole = Math.max(0, (out - 1) * strides[axis] + spans[axis] - sizes[axis]);
    return [Math.floor(whole / 2), Math.ceil(whole / 2)];
  });
} // prettier-ignore

/** `[B, H, W, in]` with `[kh, kw, in, out]`. */
function conv2d(call: KernelCall): Value {
  const { builder, input, attrs, precision } = call;
  const [x, filter] = [input('x'), input('filter')];
  if (attrs['dataFormat'] !== 'NHWC') throw new RangeError('convolutions take channels last');
  const [batch = 0, height = 0, width = 0] = x.type.shape;
  const [kh = 1, kw = 1, , to = 1] = filter.type.shape;
  const [strides, dilations] = [pairOf(attrs['strides']), pairOf(attrs['dilations'] ?? 1)];
  const spans: Pair = [(kh - 1) * dilations[0] + 1, (kw - 1) * dilations[1] + 1];
  const sides = padding(attrs, [height, width], spans, strides);
  const out = ([0, 1] as const).map((axis) => {
    const [before, after] = sides[axis] as Pair;
    return Math.floor((([height, width] as const)[axis] + before + after - spans[axis]) / strides[axis]) + 1; // prettier-ignore
  });
  const pads = `dense<[${sides.map((side) => listed(side)).join(', ')}]> : tensor<2x2xi64>`;
  const attributes = [
    `window_strides = ${i64s(strides)}`,
    `padding = ${pads}`,
    `lhs_dilation = ${i64s([1, 1])}`,
    `rhs_dilation = ${i64s(dilations)}`,
    'window_reversal = array<i1: false, false>',
    'dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>',
    'feature_group_count = 1 : i64, batch_group_count = 1 : i64',
    precisionConfig(precision),
  ].join(', ');
  return builder.apply('convolution', [x, filter], tensorType('f32', [batch, ...out, to]), { attributes }); // prettier-ignore
}

/** What multiplies and adds up. */
export const PRODUCTS: Kernels = { BatchMatMul: batchMatMul, Conv2D: conv2d };
