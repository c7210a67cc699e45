import { checksum } from '../codec/checksum.js';

/** XXH64 of a key. */
export const hashOf = (key: string): bigint => checksum(Buffer.from(key));

/** Hashes of keys in ascending order, and the number of the sample each belongs to. */
export interface KeyTable {
  readonly hashes: BigUint64Array;
  readonly indices: Uint32Array;
}

const BUCKETS = 2 ** 16;

/**
 * Sorts the hashes of samples: by their first 16 bits at once, then each bucket. 12 bytes a key, and
 * any number of them, where a Map takes 16.7 million at most.
 * @param hashes of sample 0, 1, 2, …
 */
export function keyTable(hashes: BigUint64Array): KeyTable {
  const bucketOf = (i: number) => Number((hashes[i] ?? 0n) >> 48n);
  const ends = new Uint32Array(BUCKETS);
  for (let i = 0; i < hashes.length; i++) {
    const bucket = bucketOf(i);
    ends[bucket] = (ends[bucket] ?? 0) + 1;
  }
  let sum = 0;
  const starts = ends.map((count) => (sum += count) - count);
  const indices = new Uint32Array(hashes.length);
  const next = starts.slice();
  for (let i = 0; i < hashes.length; i++) {
    const bucket = bucketOf(i);
    const at = next[bucket] ?? 0;
    indices[at] = i;
    next[bucket] = at + 1;
  }
  const compare = (a: number, b: number) => {
    const [x, y] = [hashes[a] ?? 0n, hashes[b] ?? 0n];
    return x < y ? -1 : x > y ? 1 : a - b;
  };
  starts.forEach((start, bucket) => {
    const end = next[bucket] ?? start;
    if (end - start > 1) indices.subarray(start, end).sort(compare);
  });
  const sorted = new BigUint64Array(hashes.length);
  indices.forEach((index, at) => (sorted[at] = hashes[index] ?? 0n));
  return { hashes: sorted, indices };
}

/** @returns the first place of an ascending list at which a value is not below the one given */
export function lowerBound(list: BigUint64Array, value: bigint): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0n) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @returns numbers of the samples whose key has this hash */
export function* samplesWith({ hashes, indices }: KeyTable, hash: bigint): Generator<number> {
  for (let at = lowerBound(hashes, hash); hashes[at] === hash; at++) yield indices[at] ?? 0;
}
