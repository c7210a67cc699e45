import { createHash } from 'node:crypto';

/**
 * A stream of numbers in [0, 1) with 53 random bits each: the generator sfc32 (Chris Doty-Humphrey,
 * PractRand) with its state taken from the SHA-256 of the parts, so that streams whose parts differ
 * in anything have nothing to do with each other.
 */
function randomStream(...parts: readonly (string | number)[]): () => number {
  const state = createHash('sha256').update(JSON.stringify(parts)).digest();
  let a = state.readUInt32LE(0) | 0;
  let b = state.readUInt32LE(4) | 0;
  let c = state.readUInt32LE(8) | 0;
  let counter = 1;
  const next = () => {
    const out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    return out >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

/**
 * What is drawn for one sample in one epoch, whoever draws it and in whatever order.
 * @param purpose draws for different purposes, e.g. "mask" and "crop", do not disturb each other
 */
export function randomFor(
  seed: number,
  epoch: number,
  sample: string | number,
  purpose: string,
): () => number {
  return randomStream(seed, epoch, sample, purpose);
}
