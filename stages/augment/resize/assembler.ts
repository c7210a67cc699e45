/*
 * Just enough of WebAssembly's binary format (W3C, WebAssembly Core 2.0, section 5) to write one
 * kernel by hand, so that neither a compiler nor a binary file is part of the project.
 */

/** Bytes of instructions. */
export type Code = readonly number[];

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit integer. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}

const I32 = 0x7f;
const V128 = 0x7b;

const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];
/** Alignment hint 0 ("none"), then the offset. */
const at = (offset: number): number[] => [0, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const constant = (value: number): Code => [0x41, ...signed(value)];

/** Instructions on 32-bit integers; operands are on the stack. */
export const i32 = {
  add: [0x6a],
  sub: [0x6b],
  mul: [0x6c],
  lessUnsigned: [0x49],
  select: [0x1b],
  load: (offset = 0): Code => [0x28, ...at(offset)],
} as const;

/** Instructions on vectors of 128 bits; operands are on the stack. */
export const v128 = {
  load: (offset = 0): Code => [...simd(0x00), ...at(offset)],
  load32Splat: (offset = 0): Code => [...simd(0x09), ...at(offset)],
  store: (offset = 0): Code => [...simd(0x0b), ...at(offset)],
  store32Lane: (lane: number, offset = 0): Code => [...simd(0x5a), ...at(offset), lane],
  store64Lane: (lane: number, offset = 0): Code => [...simd(0x5b), ...at(offset), lane],
  shuffle: (lanes: readonly number[]): Code => [...simd(0x0d), ...lanes],
  i32Splat: simd(0x11),
  i32Add: simd(0xae),
  i32ShiftRight: simd(0xac),
  /** Sums of the products of neighbouring pairs. */
  i32DotI16: simd(0xba),
  i16ExtendLowU8: simd(0x89),
  i16ExtendHighU8: simd(0x8a),
  i16NarrowI32: simd(0x85),
  u8NarrowI16: simd(0x66),
} as const;

/** Runs `body` again and again while `condition`, evaluated before each turn, is not zero. */
export function whileLoop(condition: Code, body: Code): Code {
  const exitUnless = [...condition, 0x45, 0x0d, 1];
  return [0x02, 0x40, 0x03, 0x40, ...exitUnless, ...body, 0x0c, 0, 0x0b, 0x0b];
}

const section = (id: number, content: Code): number[] => [
  id,
  ...unsigned(content.length),
  ...content,
];
const name = (text: string): number[] => [text.length, ...Buffer.from(text, 'latin1')];

/** What a module of one function is made of. */
export interface KernelModule {
  /** Parameters, all i32: the first locals. */
  readonly parameters: number;
  /** Further locals of type i32, then those of type v128. */
  readonly integers: number;
  readonly vectors: number;
  readonly body: Code;
}

/** A module that imports a memory as `env.memory` and exports one function as `run`. */
export function assemble({
  parameters,
  integers,
  vectors,
  body,
}: KernelModule): Uint8Array<ArrayBuffer> {
  const type = [1, 0x60, ...unsigned(parameters), ...Array<number>(parameters).fill(I32), 0];
  const memory = [...name('env'), ...name('memory'), 2, 0, 0];
  const locals = [2, ...unsigned(integers), I32, ...unsigned(vectors), V128];
  const code = [...locals, ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, type),
    ...section(2, [1, ...memory]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('run'), 0x00, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}
