import { assemble, constant, get, i32, set, v128, whileLoop, type Code } from './assembler.js';
import { WEIGHT_BITS } from './taps.js';

/*
 * Bilinear scaling of an RGB frame in WebAssembly SIMD, in integers, hence the same on every machine.
 * Each output row: the two source rows are mixed first, to 16 bits with 7 behind the point, then
 * the two pixels of each column; four pixels at a time. In JavaScript it takes ten times as long.
 */

/** Bits behind the point between the two passes: 255 · 2⁷ is the most that fits 16 bits with sign. */
const FRACTION_BITS = 7;
const ROW_SHIFT = WEIGHT_BITS - FRACTION_BITS;
const COLUMN_SHIFT = WEIGHT_BITS + FRACTION_BITS;

/** Bytes of one entry of a table of taps: offset u32, weight of the first i16, of the second i16. */
export const TAP = 8;
/** Bytes of an entry of the rows' table: offsets of both rows, the weights, zero. */
export const ROW_TAP = 16;
/** The kernel reads up to this many bytes after what it needs, and writes as many after its scratch row. */
export const PADDING = 16;

/** Addresses are bytes in the memory. */
export interface ResizeCall {
  readonly source: number;
  /** Table of rows: `ROW_TAP` bytes each, offsets relative to `source`. */
  readonly rows: number;
  /** Table of columns: `TAP` bytes each, offsets into the scratch row. */
  readonly columns: number;
  /** Source bytes that each row needs. */
  readonly rowBytes: number;
  /** Room for one mixed row: `2 · rowBytes + 2 · PADDING`. */
  readonly scratch: number;
  /** Output pixels a side, at least 4. */
  readonly size: number;
  readonly out: number;
}

const PARAMETERS = ['source', 'rows', 'columns', 'rowBytes', 'scratch', 'size', 'out'] as const;
const INTEGERS = ['y', 'x', 'i', 'row', 'top', 'bottom', 'column', 'pixel', 'to'] as const;
const VECTORS = ['weights', 'a', 'b', 'p0', 'p1', 'p2', 'p3'] as const;
type Local = (typeof PARAMETERS | typeof INTEGERS | typeof VECTORS)[number];
const LOCALS: readonly Local[] = [...PARAMETERS, ...INTEGERS, ...VECTORS];

const read = (local: Local): Code => get(LOCALS.indexOf(local));
const write = (local: Local, ...value: Code[]): Code => [
  ...value.flat(),
  ...set(LOCALS.indexOf(local)),
];
const sum = (...terms: Code[]): Code =>
  terms.flatMap((term, i) => (i === 0 ? [...term] : [...term, ...i32.add]));
const advance = (local: Local, by: number | Local): Code =>
  write(local, sum(read(local), typeof by === 'number' ? constant(by) : read(by)));
const below = (a: Local, b: Local): Code => [...read(a), ...read(b), ...i32.lessUnsigned];

/** `(vector + half) >> shift`, vector on the stack. */
const rounded = (shift: number): Code => [
  ...constant(1 << (shift - 1)),
  ...v128.i32Splat,
  ...v128.i32Add,
  ...constant(shift),
  ...v128.i32ShiftRight,
];

/** Pairs (top, bottom) of 8 of the 16 bytes in `a` and `b`, mixed to 8 values of 16 bits. */
function mixedHalf(first: number): Code {
  const lanes = Array.from({ length: 8 }, (_, i) => [first + i, 16 + first + i]).flat();
  const pairs = [...read('a'), ...read('b'), ...v128.shuffle(lanes)];
  const mixed = (extend: Code): Code => [
    ...[...pairs, ...extend, ...read('weights'), ...v128.i32DotI16],
    ...rounded(ROW_SHIFT),
  ];
  return [...mixed(v128.i16ExtendLowU8), ...mixed(v128.i16ExtendHighU8), ...v128.i16NarrowI32];
}

const mixRows: Code = [
  ...write('top', sum(read('source'), [...read('row'), ...i32.load(0)])),
  ...write('bottom', sum(read('source'), [...read('row'), ...i32.load(4)])),
  ...write('weights', [...read('row'), ...v128.load32Splat(8)]),
  ...write('to', read('scratch')),
  ...write('i', constant(0)),
  ...whileLoop(below('i', 'rowBytes'), [
    ...write('a', sum(read('top'), read('i')), v128.load()),
    ...write('b', sum(read('bottom'), read('i')), v128.load()),
    ...[...read('to'), ...mixedHalf(0), ...v128.store(0)],
    ...[...read('to'), ...mixedHalf(8), ...v128.store(16)],
    ...advance('to', 32),
    ...advance('i', 16),
  ]),
];

/** Left and right pixel, 3 values each, as pairs of one channel; the last two lanes do not count. */
const CHANNEL_PAIRS = [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15];
/** The first 12 bytes are 4 pixels, of 4 that have a fourth byte each. */
const PIXELS = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0];

/** The `i`-th of four output pixels, as 32-bit integers R, G, B and one that does not count. */
const mixedPixel = (i: number): Code => [
  ...write('a', sum(read('scratch'), [...read('column'), ...i32.load(i * TAP)]), v128.load()),
  ...[...read('a'), ...read('a'), ...v128.shuffle(CHANNEL_PAIRS)],
  ...[...read('column'), ...v128.load32Splat(i * TAP + 4)],
  ...v128.i32DotI16,
  ...rounded(COLUMN_SHIFT),
];

const fourPixels: Code = [
  // The last four are done again where the size is no multiple of four.
  ...write('pixel', [
    ...[...read('x'), ...read('size'), ...constant(4), ...i32.sub],
    ...[...read('x'), ...read('size'), ...constant(4), ...i32.sub, ...i32.lessUnsigned],
    ...i32.select,
  ]),
  ...write('column', sum(read('columns'), [...read('pixel'), ...constant(TAP), ...i32.mul])),
  ...write('to', sum(read('out'), [...read('pixel'), ...constant(3), ...i32.mul])),
  ...write('p0', mixedPixel(0), mixedPixel(1), v128.i16NarrowI32),
  ...write('p1', mixedPixel(2), mixedPixel(3), v128.i16NarrowI32),
  ...write('p2', read('p0'), read('p1'), v128.u8NarrowI16),
  ...write('p3', read('p2'), read('p2'), v128.shuffle(PIXELS)),
  ...[...read('to'), ...read('p3'), ...v128.store64Lane(0)],
  ...[...read('to'), ...read('p3'), ...v128.store32Lane(2, 8)],
];

const body: Code = [
  ...write('y', constant(0)),
  ...write('row', read('rows')),
  ...whileLoop(below('y', 'size'), [
    ...mixRows,
    ...write('x', constant(0)),
    ...whileLoop(below('x', 'size'), [...fourPixels, ...advance('x', 4)]),
    ...write('out', sum(read('out'), [...read('size'), ...constant(3), ...i32.mul])),
    ...advance('row', ROW_TAP),
    ...advance('y', 1),
  ]),
];

let compiled: WebAssembly.Module | undefined;

/** @returns a function that scales one frame, all in `memory` */
export function resizeKernel(memory: WebAssembly.Memory): (call: ResizeCall) => void {
  compiled ??= new WebAssembly.Module(
    assemble({
      parameters: PARAMETERS.length,
      integers: INTEGERS.length,
      vectors: VECTORS.length,
      body,
    }),
  );
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  const run = exports['run'] as (...values: number[]) => void;
  return (call) => {
    run(...PARAMETERS.map((parameter) => call[parameter]));
  };
}
