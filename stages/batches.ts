import { Readable } from 'node:stream';
import { openCache } from '../cache/reader.js';
import { Loader } from './load/loader.js';
import type { LoaderOptions } from './load/options.js';

export interface BatchesOptions extends Partial<Omit<LoaderOptions, 'sources' | 'batch'>> {
  /** Clips a batch. */
  readonly batch: number;
  /** Passes over the cache; default 1. */
  readonly epochs?: number | undefined;
  /** Place of the endless sequence of samples to begin at; default 0. */
  readonly from?: number | undefined;
}

/** The frames as they are: no crop, nothing mirrored, no sound taken away. */
const NO_AUGMENTATION = { crop: 'none', flip: 0, soundDropout: 0 } as const;

/**
 * Batches of clips from caches: the first stage of training. Worker threads read, check, mask, crop
 * and standardise ahead, straight into shared memory, so augmentation is an option here and not a
 * stage behind. What a batch holds is a pure function of the options and its place.
 *
 * Options: `batch` (clips), `epochs` (default 1), `from` (place; default 0), `seed` (default 0),
 * `mask` (`cached` or, drawn anew each epoch, `epoch`; default `cached`), `maskRatio` (default the
 * cache's), `augment` (default none), `workers` (threads), and the other options of a Loader.
 *
 * ```ts
 * await pipeline(batches('cache/', { batch: 8, epochs: 10 }), train(trainer), …);
 * ```
 * @param caches folders of caches of one shape; each epoch shows every sample of all of them once
 * @returns a Readable of `LoadedBatch`es; release each when it is done with, {@link train} does so
 * @throws RangeError for an option that is wrong; the stream fails with a CacheError where there is no cache
 */
export function batches(caches: string | readonly string[], options: BatchesOptions): Readable {
  const { epochs = 1, from = 0, ...own } = options;
  async function* load() {
    const readers = await Promise.all([caches].flat().map((folder) => openCache(folder)));
    try {
      // Cached masks have the ratio that their cache was made with.
      const ratio = readers[0]?.manifest.configuration['maskRatio'];
      await using loader = new Loader({
        seed: 0,
        mask: 'cached',
        maskRatio: typeof ratio === 'number' ? ratio : 0.9,
        augment: NO_AUGMENTATION,
        ...own,
        sources: readers.map((reader) => ({ reader })),
      });
      yield* loader.batches(from, Math.round(epochs * loader.epochLength));
    } finally {
      await Promise.all(readers.map((reader) => reader.close()));
    }
  }
  return Readable.from(load(), { objectMode: true, highWaterMark: 1 });
}
