import { randomFor } from './random.js';

/** Enough that no position says anything about its sample: the bound of Hoang et al. is 6 · log₂ n. */
const ROUNDS = 192;
const MAX_SAMPLES = 2 ** 31 - 1;

/** One bit that depends on all bits of both (the finalizer of MurmurHash3). */
function bit(value: number, key: number): number {
  let h = value ^ key;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) & 1;
}

/**
 * The order of one epoch: a permutation of n samples that is drawn from (seed, epoch) and takes no
 * memory; any position can be asked for by itself. "Swap or not" (Hoang, Morris, Rogaway: An
 * Enciphering Scheme Based on a Card Shuffle, 2012), which works for any n without rejection.
 * @param purpose orders for different purposes have nothing to do with each other
 * @returns position in the epoch, 0 to n − 1 → sample
 */
export function epochOrder(
  n: number,
  seed: number,
  epoch: number,
  purpose = 'order',
): (position: number) => number {
  if (!Number.isInteger(n) || n < 1 || n > MAX_SAMPLES)
    throw new RangeError(`order: got ${n} samples; there must be 1 to ${MAX_SAMPLES}`);
  const draw = randomFor(seed, epoch, n, purpose);
  const pivots = Uint32Array.from({ length: ROUNDS }, () => Math.floor(draw() * n));
  const keys = Int32Array.from({ length: ROUNDS }, () => Math.floor(draw() * 2 ** 32) | 0);
  return (position) => {
    if (!Number.isInteger(position) || position < 0 || position >= n)
      throw new RangeError(`order: got position ${position} in an epoch of ${n} samples`);
    let x = position;
    for (let round = 0; round < ROUNDS; round++) {
      // Each sample has one partner a round; both see the same bit, so both move or neither does.
      const partner = ((pivots[round] ?? 0) - x + n) % n;
      if (bit(Math.max(x, partner), keys[round] ?? 0) === 1) x = partner;
    }
    return x;
  };
}

/**
 * Where a place in the endless sequence of training samples lies: this one integer, with n and the
 * seed, is a loader's whole state.
 */
export function placeInEpoch(n: number, place: number): { epoch: number; position: number } {
  return { epoch: Math.floor(place / n), position: place % n };
}
