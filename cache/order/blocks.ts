import { epochOrder } from './order.js';
import { randomFor } from './random.js';

/** How samples are shuffled so that few shards are needed at a time. */
export interface BlockOptions {
  /**
   * Streams that places are dealt to in turn, each with shards of its own. A multiple of the number of
   * ranks: then a rank needs only the shards of its streams. Default 192.
   */
  readonly streams?: number | undefined;
  /** Samples of a stream that are shuffled among each other. Default 8,192. */
  readonly block?: number | undefined;
}

/** What a stream takes of a shard: samples `first` to `first + count − 1` of all. */
interface Piece {
  readonly first: number;
  readonly count: number;
}

/** An epoch of one stream. */
interface Stream {
  readonly pieces: readonly Piece[];
  /** Samples of the pieces up to and with each. */
  readonly ends: Float64Array;
  readonly length: number;
  /** Where the stream's blocks begin is drawn: else the same samples would meet in every epoch. */
  readonly shift: number;
}

/**
 * Cuts the shards, in an order that is the same in all epochs, into streams whose lengths differ by at
 * most one; a shard at a cut belongs to two of them.
 */
function deal(sizes: readonly number[], n: number, seed: number, streams: number): Piece[][] {
  const starts = new Float64Array(sizes.length);
  let sum = 0;
  sizes.forEach((size, i) => {
    starts[i] = sum;
    sum += size;
  });
  const line = epochOrder(sizes.length, seed, 0, 'shards of streams');
  let [at, used] = [0, 0];
  return Array.from({ length: streams }, (_, stream) => {
    let wanted = Math.floor((n * (stream + 1)) / streams) - Math.floor((n * stream) / streams);
    const pieces: Piece[] = [];
    while (wanted > 0) {
      const shard = line(at);
      const size = sizes[shard] ?? 0;
      const count = Math.min(wanted, size - used);
      if (count > 0) pieces.push({ first: (starts[shard] ?? 0) + used, count });
      wanted -= count;
      used += count;
      if (used === size) [at, used] = [at + 1, 0];
    }
    return pieces;
  });
}

const shuffled = <T>(items: readonly T[], seed: number, epoch: number, purpose: string): T[] => {
  if (items.length === 0) return [];
  const order = epochOrder(items.length, seed, epoch, purpose);
  return items.map((item, i) => items[order(i)] ?? item);
};

/** @returns the first element that is above x */
function firstAbove(ends: Float64Array, x: number): number {
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] ?? 0) > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

function streamOf(
  pieces: Piece[],
  seed: number,
  epoch: number,
  name: string,
  block: number,
): Stream {
  const ordered = shuffled(pieces, seed, epoch, `shards of ${name}`);
  let length = 0;
  const ends = Float64Array.from(ordered, ({ count }) => (length += count));
  const shift = Math.floor(randomFor(seed, epoch, 0, `blocks of ${name}`)() * block);
  return { pieces: ordered, ends, length, shift };
}

/**
 * Orders of epochs for shards that are far away: a shard is needed for a short time, by one stream,
 * and then not before the next epoch. The samples of a shard lie together in a stream; blocks of it
 * are shuffled; each place takes the next sample of the next stream. As {@link epochOrder}, it is a
 * pure function; it takes memory for the shards, not for the samples. After "py1br" of MosaicML's
 * Streaming.
 * @param sizes samples of each shard
 * @param purpose orders for different purposes have nothing to do with each other
 * @returns epoch → position in the epoch → number of the sample, shard after shard
 * @throws RangeError for a number of streams, or a block, that is no whole number of at least 1
 */
export function blockOrders(
  sizes: readonly number[],
  seed: number,
  { streams = 192, block = 8192 }: BlockOptions = {},
  purpose = 'order',
): (epoch: number) => (position: number) => number {
  for (const [name, value] of Object.entries({ streams, block }))
    if (!Number.isInteger(value) || value < 1 || value > 2 ** 20)
      throw new RangeError(
        `order: ${name} is ${value}; it must be a whole number, 1 to ${2 ** 20}`,
      );
  const n = sizes.reduce((sum, size) => sum + size, 0);
  const dealt = deal(sizes, n, seed, streams);
  return (epoch) => {
    const all = dealt.map((pieces, k) => streamOf(pieces, seed, epoch, `${purpose} ${k}`, block));
    const least = Math.floor(n / streams);
    // The places after the last full round belong to the streams that have one sample more.
    const longer = all.flatMap(({ length }, k) => (length > least ? [k] : []));
    const permutations = new Map<number, (position: number) => number>();
    const permutation = (stream: number, number: number, size: number) => {
      const key = number * streams + stream;
      let order = permutations.get(key);
      if (order === undefined) {
        const [oldest] = permutations.keys();
        if (permutations.size >= 2 * streams && oldest !== undefined) permutations.delete(oldest);
        order = epochOrder(size, seed, epoch, `${purpose} ${stream}, block ${number}`);
        permutations.set(key, order);
      }
      return order;
    };
    return (position) => {
      const round = Math.floor(position / streams);
      const k = round < least ? position % streams : (longer[position - least * streams] ?? -1);
      const stream = all[k];
      if (stream === undefined || !Number.isInteger(position) || position < 0)
        throw new RangeError(`order: got position ${position} in an epoch of ${n} samples`);
      const { pieces, ends, length, shift } = stream;
      const number = Math.floor((round + shift) / block);
      const from = Math.max(0, number * block - shift);
      const size = Math.min(length, (number + 1) * block - shift) - from;
      const at = from + permutation(k, number, size)(round - from);
      const piece = firstAbove(ends, at);
      const { first, count } = pieces[piece] ?? { first: 0, count: 0 };
      return first + (at - ((ends[piece] ?? 0) - count));
    };
  };
}
