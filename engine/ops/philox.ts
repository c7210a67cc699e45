/**
 * Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), seeded and read as
 * TensorFlow's `StatelessRandomUniform` does it: value i is a function of the seed and of i alone, so
 * that every backend draws the same numbers.
 */
export const PHILOX = {
  rounds: 10,
  multipliers: [0xd2511f53, 0xcd9e8d57],
  /** What the key grows by from round to round. */
  weyl: [0x9e3779b9, 0xbb67ae85],
  /** Key that seeds are scrambled with. */
  scramble: [0x3ec8f720, 0x02461e29],
  /** The low bits of a word become the mantissa of a number in [1, 2). */
  mantissa: 0x7fffff,
  mantissaScale: 2 ** -23,
} as const;

/** Four unsigned words of 32 bits. */
export type Words = [number, number, number, number];

const LOW = 0xffff;

/** The high 32 bits of a product of two unsigned 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const [a0, a1, b0, b1] = [a & LOW, a >>> 16, b & LOW, b >>> 16];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const carried = a0 * b1 + (middle & LOW);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(carried / 65536)) >>> 0;
}

/** Ten rounds over a counter of 128 bits, in place. */
export function philox(words: Words, key0: number, key1: number): void {
  const [m0, m1] = PHILOX.multipliers;
  let [k0, k1] = [key0, key1];
  for (let round = 0; round < PHILOX.rounds; round++) {
    const [c0, c1, c2, c3] = words;
    words[0] = (highProduct(m1, c2) ^ c1 ^ k0) >>> 0;
    words[1] = Math.imul(m1, c2) >>> 0;
    words[2] = (highProduct(m0, c0) ^ c3 ^ k1) >>> 0;
    words[3] = Math.imul(m0, c0) >>> 0;
    k0 = (k0 + PHILOX.weyl[0]) >>> 0;
    k1 = (k1 + PHILOX.weyl[1]) >>> 0;
  }
}

/** The 64 bits of a signed number, the low word first. */
const wordsOf = (seed: number) => [seed >>> 0, seed < 0 ? 0xffffffff : 0] as const;

/**
 * Uniform numbers in [0, 1), multiples of 2⁻²³.
 * @param seed two int32 numbers
 */
export function philoxUniform(size: number, seed: readonly [number, number]): Float32Array {
  const scrambled: Words = [...wordsOf(seed[0]), ...wordsOf(seed[1])];
  philox(scrambled, ...PHILOX.scramble);
  const [key0, key1, high0, high1] = scrambled;
  const values = new Float32Array(size);
  const words: Words = [0, 0, 0, 0];
  for (let i = 0; i < size; i += 4) {
    [words[0], words[1], words[2], words[3]] = [i / 4, 0, high0, high1];
    philox(words, key0, key1);
    for (let j = 0; j < 4 && i + j < size; j++)
      values[i + j] = ((words[j] ?? 0) & PHILOX.mantissa) * PHILOX.mantissaScale;
  }
  return values;
}
