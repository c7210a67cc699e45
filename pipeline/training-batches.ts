import { Readable } from 'node:stream';
import { epochOrder, placeInEpoch, randomFor, type CacheReader } from '../cache/index.js';
import { slotsOf, type ModelConfig } from '../model/index.js';
import { assembleBatch, drawTubeMask, type AugmentOptions, type ClipBatch, type DrawnSample } from '../stages/index.js'; // prettier-ignore

/** How clips are chosen, masked and cropped. */
export interface DrawOptions {
  readonly seed: number;
  /** Clips a batch. */
  readonly batch: number;
  readonly mask: 'epoch' | 'cached';
  /** Share of the positions that is masked, where masks are drawn. */
  readonly maskRatio: number;
  readonly augment: AugmentOptions;
}

/** The mask ratio that a cache was made with. */
export function cachedMaskRatio(reader: CacheReader): number {
  const ratio = reader.manifest.configuration['maskRatio'];
  return typeof ratio === 'number' ? ratio : 0.9;
}

/** Reads one sample and draws what is drawn for it: a pure function of (seed, epoch, sample). */
export async function drawSample(
  reader: CacheReader,
  index: number,
  epoch: number,
  { seed, mask, maskRatio }: Pick<DrawOptions, 'seed' | 'mask' | 'maskRatio'>,
): Promise<DrawnSample> {
  const sample = await reader.read(index);
  const { key } = sample.header;
  return {
    sample,
    mask:
      mask === 'cached'
        ? sample.mask
        : drawTubeMask(sample.mask.length, maskRatio, randomFor(seed, epoch, key, 'mask')),
    draw: randomFor(seed, epoch, key, 'crop'),
  };
}

/** Puts drawn samples together for a model. */
export function batchFor(
  reader: CacheReader,
  config: ModelConfig,
  position: number,
  drawn: readonly DrawnSample[],
  augment: AugmentOptions,
): ClipBatch {
  const { shape, statistics } = reader.manifest;
  const slots = slotsOf(config);
  const options = {
    shape,
    imageSize: config.imageSize,
    slots,
    augment,
    statistics: statistics.mfcc,
  };
  return assembleBatch(position, drawn, options);
}

/**
 * Training batches from step `from` to step `to`. The clips of all epochs form one endless sequence,
 * of which a batch takes the next ones; so an epoch may end inside a batch, no clip is left out, and
 * the number of the step is the whole state.
 */
export function trainingBatches(
  reader: CacheReader,
  config: ModelConfig,
  options: DrawOptions,
  from: number,
  to: number,
): Readable {
  async function* batches(): AsyncGenerator<ClipBatch> {
    let current = -1;
    let at = (position: number) => position;
    for (let step = from; step < to; step++) {
      const drawing = Array.from({ length: options.batch }, (_, i) => {
        const { epoch, position } = placeInEpoch(reader.size, step * options.batch + i);
        if (current !== epoch) at = epochOrder(reader.size, options.seed, epoch);
        current = epoch;
        return drawSample(reader, at(position), epoch, options);
      });
      const drawn = await Promise.all(drawing);
      yield batchFor(reader, config, step * options.batch, drawn, options.augment);
    }
  }
  return Readable.from(batches(), { highWaterMark: 1 });
}
