import { UNIFORM_KERNEL } from '../../ops/dropout.js';
import { PHILOX } from '../../ops/philox.js';
import { binary, concatenate, convert, filled, iota, reshape, select, slice, transpose, compare, withNumber } from '../emit.js'; // prettier-ignore
import type { ProgramBuilder, Value } from '../program.js';
import { sizeOf } from '../types.js';
import type { KernelCall, Kernels } from './kernel.js';

/** Four words of 32 bits, each a scalar or one for every group of four numbers. */
type Words = readonly [Value, Value, Value, Value];

function highProduct(builder: ProgramBuilder, a: Value, b: number): Value {
  const product = withNumber(builder, 'multiply', convert(builder, a, 'ui64'), b);
  return convert(builder, withNumber(builder, 'shift_right_logical', product, 32), 'ui32');
}

/** Ten rounds; see engine/ops/philox.ts for what is computed. */
function mix(builder: ProgramBuilder, start: Words, key: readonly [Value, Value]): Words {
  const [m0, m1] = PHILOX.multipliers;
  const xor = (...values: [Value, Value, Value]) => values.reduce((a, b) => binary(builder, 'xor', a, b)); // prettier-ignore
  let words = start;
  let [k0, k1] = key;
  for (let round = 0; round < PHILOX.rounds; round++) {
    const [c0, c1, c2, c3] = words;
    words = [
      xor(highProduct(builder, c2, m1), c1, k0),
      withNumber(builder, 'multiply', c2, m1),
      xor(highProduct(builder, c0, m0), c3, k1),
      withNumber(builder, 'multiply', c0, m0),
    ];
    k0 = withNumber(builder, 'add', k0, PHILOX.weyl[0]);
    k1 = withNumber(builder, 'add', k1, PHILOX.weyl[1]);
  }
  return words;
}

/** A number of the seed as 64 bits, the low word first. */
function seedWords(builder: ProgramBuilder, seed: Value, at: number): [Value, Value] {
  const one = reshape(builder, slice(builder, seed, [at], [1]), []);
  const negative = compare(builder, 'LT', one, filled(builder, 0, 'i32'));
  const high = select(builder, negative, filled(builder, 0xffffffff, 'ui32'), filled(builder, 0, 'ui32')); // prettier-ignore
  return [convert(builder, one, 'ui32'), high];
}

/** Uniform numbers in [0, 1): {@link philoxUniform}, in a program. */
function uniform({ builder, input, attrs }: KernelCall): Value {
  const shape = attrs['shape'] as number[];
  const size = sizeOf(shape);
  const seed = input('seed');
  const scramble = PHILOX.scramble.map((word) => filled(builder, word, 'ui32')) as [Value, Value];
  const start: Words = [...seedWords(builder, seed, 0), ...seedWords(builder, seed, 1)];
  const [key0, key1, high0, high1] = mix(builder, start, scramble);
  const groups = Math.ceil(size / 4);
  const zero = filled(builder, 0, 'ui32');
  const words = mix(builder, [iota(builder, 'ui32', [groups]), zero, high0, high1], [key0, key1]);
  const rows = concatenate(builder, words.map((word) => reshape(builder, word, [1, groups])), 0); // prettier-ignore
  const flat = reshape(builder, transpose(builder, rows, [1, 0]), [4 * groups]);
  const mantissa = withNumber(builder, 'and', slice(builder, flat, [0], [size]), PHILOX.mantissa);
  const numbers = withNumber(builder, 'multiply', convert(builder, mantissa, 'f32'), PHILOX.mantissaScale); // prettier-ignore
  return reshape(builder, numbers, shape);
}

export const RANDOM: Kernels = { [UNIFORM_KERNEL]: uniform };
