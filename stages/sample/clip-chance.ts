import { randomFor } from '../../cache/order/random.js';
import type { SampleOptions } from './sample-clips.js';

/**
 * What decides where an entry's clips lie: a number in [0, 1) for each, a pure function of the seed
 * and of what the clip is made from, or null where clips are spread evenly. The key of a sample is not
 * asked: a cache of the same seed with other pixels holds the same moments.
 */
export function clipChance(
  { sampling, seed }: Pick<SampleOptions, 'sampling'> & { readonly seed: number },
  contentHash: string,
  { start, end }: { readonly start: number | null; readonly end: number | null },
): ((clip: number) => number) | null {
  if (sampling === 'even') return null;
  return (clip) =>
    randomFor(seed, 0, JSON.stringify([contentHash, start, end, clip]), 'clip start')();
}
