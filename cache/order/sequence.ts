import { blockOrders, type BlockOptions } from './blocks.js';
import { epochOrder, placeInEpoch } from './order.js';

/** One of the sources that training samples come from, usually a cache or a part of one. */
export interface SequencePart {
  readonly samples: number;
  /** How often an epoch shows each of its samples; default 1. */
  readonly repeat?: number;
  /** Share of the places relative to the other parts'; given for all parts or for none. */
  readonly weight?: number;
  /** Which samples lie together; needed where the order goes by blocks. */
  readonly groups?: SampleGroups | undefined;
}

/** The samples of a part, shard after shard. */
export interface SampleGroups {
  /** Samples of each shard, each at least one. */
  readonly sizes: readonly number[];
  /** Numbers of the samples inside the part. */
  readonly samples: Uint32Array;
}

/** What stands at one place of the endless sequence of training samples. */
export interface SequenceItem {
  readonly part: number;
  /** Number of the sample inside its part. */
  readonly sample: number;
  /** What is drawn for a sample is drawn for this number: it differs whenever the sample comes again. */
  readonly epoch: number;
}

/** The endless sequence of training samples: a pure function of parts and seed. */
export interface SampleSequence {
  /** Places of an epoch; where parts have weights, as many as there are samples. */
  readonly epochLength: number;
  /**
   * @param place 0, 1, 2, …
   * @param attempt 0 for the item itself; 1, 2, … for those that take its place, in turn, when it
   *   cannot be read: they stand half an epoch further on in the same epoch's order
   */
  readonly at: (place: number, attempt?: number) => SequenceItem;
}

type Order = (position: number) => number;

/** Orders of epochs cost a little to set up and are asked for one after the other. */
function remembered(make: (epoch: number) => Order): (epoch: number) => Order {
  const known = new Map<number, Order>();
  return (epoch) => {
    let order = known.get(epoch);
    if (order === undefined) {
      if (known.size > 3) known.clear();
      order = make(epoch);
      known.set(epoch, order);
    }
    return order;
  };
}

const substitute = (n: number, position: number, attempt: number) =>
  attempt === 0 ? position : (position + Math.floor(n / 2) + attempt - 1) % n;

/** @throws RangeError where it is not known which samples lie together */
function groupsOf({ samples, groups }: SequencePart): SampleGroups {
  if (groups?.samples.length !== samples)
    throw new RangeError('order: blocks need to know which samples lie together in a shard');
  return groups;
}

/** All parts in one shuffled epoch, each sample as often as its part is repeated. */
function joined(
  parts: readonly (SequencePart & { readonly repeat: number })[],
  seed: number,
  blocks: BlockOptions | undefined,
): SampleSequence {
  const epochLength = parts.reduce((sum, { samples, repeat }) => sum + samples * repeat, 0);
  const groups = blocks === undefined ? undefined : parts.map(groupsOf);
  const orderOf = remembered(
    groups === undefined
      ? (epoch) => epochOrder(epochLength, seed, epoch)
      : blockOrders(
          parts.flatMap(({ repeat }, i) => Array.from({ length: repeat }, () => groups[i]?.sizes ?? []).flat()), // prettier-ignore
          seed,
          blocks,
        ),
  );
  return {
    epochLength,
    at(place, attempt = 0) {
      const { epoch, position } = placeInEpoch(epochLength, place);
      let rest = orderOf(epoch)(substitute(epochLength, position, attempt));
      let part = 0;
      for (const { samples, repeat } of parts) {
        if (rest < samples * repeat) {
          const copy = Math.floor(rest / samples);
          const sample = rest % samples;
          return { part, sample: groups?.[part]?.samples[sample] ?? sample, epoch: epoch * repeat + copy }; // prettier-ignore
        }
        rest -= samples * repeat;
        part++;
      }
      throw new RangeError(`order: place ${place} lies in no part`);
    },
  };
}

/** Whole numbers in the proportion of the weights. */
function wholeRatios(weights: readonly number[]): number[] {
  const scaled = weights.map((weight) => Math.round(weight * 1e4));
  if (scaled.some((weight) => !(weight >= 1 && weight <= 1e8)))
    throw new RangeError(
      `order: got weights ${weights.join(', ')}; each must be between 0.0001 and 10,000`,
    );
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  const divisor = scaled.reduce(gcd);
  return scaled.map((weight) => weight / divisor);
}

/**
 * Parts in the proportion of their weights: with shares of 2 and 1, every three places in a row from
 * a multiple of three have two of the first part and one of the second. Each part has epochs of its own.
 */
function weighted(
  parts: readonly SequencePart[],
  weights: readonly number[],
  seed: number,
  blocks: BlockOptions | undefined,
): SampleSequence {
  const ratios = wholeRatios(weights);
  const block = ratios.reduce((sum, ratio) => sum + ratio, 0);
  const turns = remembered((turn) => epochOrder(block, seed, turn, 'mixture'));
  const groups = blocks === undefined ? undefined : parts.map(groupsOf);
  const orders = parts.map(({ samples }, part) => {
    const purpose = `order of part ${part}`;
    return remembered(
      groups === undefined
        ? (epoch) => epochOrder(samples, seed, epoch, purpose)
        : blockOrders(groups[part]?.sizes ?? [], seed, blocks, purpose),
    );
  });
  return {
    epochLength: parts.reduce((sum, { samples }) => sum + samples, 0),
    at(place, attempt = 0) {
      const { epoch: turn, position } = placeInEpoch(block, place);
      let rest = turns(turn)(position);
      let part = 0;
      for (const ratio of ratios) {
        const { samples = 1 } = parts[part] ?? {};
        if (rest < ratio) {
          const own = placeInEpoch(samples, turn * ratio + rest);
          const at = substitute(samples, own.position, attempt);
          const sample = orders[part]?.(own.epoch)(at) ?? 0;
          return { part, sample: groups?.[part]?.samples[sample] ?? sample, epoch: own.epoch };
        }
        rest -= ratio;
        part++;
      }
      throw new RangeError(`order: place ${place} lies in no part`);
    },
  };
}

/**
 * The order in which samples are seen. One part without repetition is {@link epochOrder}, epoch after
 * epoch.
 * @param blocks the order goes by blocks, see {@link blockOrders}; default: over all samples
 * @throws RangeError when a part is empty, or repeat and weight do not fit together
 */
export function sampleSequence(
  parts: readonly SequencePart[],
  seed: number,
  blocks?: BlockOptions,
): SampleSequence {
  if (parts.length === 0 || parts.some(({ samples }) => samples < 1))
    throw new RangeError(
      `order: got parts of ${parts.map(({ samples }) => samples).join(', ') || 'nothing'} samples; each must have at least one`,
    );
  const weights = parts.flatMap(({ weight }) => weight ?? []);
  if (weights.length === 0) {
    const all = parts.map((part) => ({ ...part, repeat: part.repeat ?? 1 }));
    if (all.some(({ repeat }) => !Number.isInteger(repeat) || repeat < 1))
      throw new RangeError('order: samples are repeated a whole number of times, once or more');
    return joined(all, seed, blocks);
  }
  if (weights.length !== parts.length)
    throw new RangeError('order: some parts have a weight and others not; give all one, or none');
  if (parts.some(({ repeat = 1 }) => repeat !== 1))
    throw new RangeError('order: a part has a weight or is repeated, not both');
  return weighted(parts, weights, seed, blocks);
}

/**
 * The places of a batch of `count` that one of `world` ranks takes when the batches of all ranks
 * begin at `place`: every world-th, from the rank's on. The next batch begins at
 * `place + count · world`; whatever `world` is, together the ranks take each place once.
 * @throws RangeError when there is no such rank
 */
export function rankPlaces(place: number, count: number, rank: number, world: number): number[] {
  if (!Number.isInteger(world) || !Number.isInteger(rank) || rank < 0 || rank >= world)
    throw new RangeError(`order: got rank ${rank} of ${world}; ranks are 0 to world − 1`);
  return Array.from({ length: count }, (_, i) => place + rank + i * world);
}
