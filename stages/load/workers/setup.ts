import { batchSize } from '../../batch/batch.js';
import { melStatistics } from '../../batch/clip-parts.js';
import { maskedPositions } from '../../mask/tube-mask.js';
import type { ClipSetup } from './messages.js';
import type { CompleteOptions } from '../options.js';

/** What threads need to know of a loader's options. */
export function setupOf(options: CompleteOptions): ClipSetup {
  const { statistics } = options;
  const {
    shape,
    imageSize,
    tubelet,
    seed,
    mask,
    maskRatio,
    augment,
    sources,
    batch,
    parts,
    sound,
  } = options;
  const temporalSlots = shape.frames / tubelet;
  const hidden = maskedPositions(shape.positions, maskRatio);
  return {
    draw: { seed, mask, maskRatio, augment },
    sources: sources.map(({ reader: { manifest } }) => ({
      schema: manifest.schema,
      shape: manifest.shape,
      statistics: (statistics ?? manifest.statistics).mfcc,
      melStatistics: melStatistics((statistics ?? manifest.statistics).mel),
    })),
    size: batchSize(batch, hidden, { shape, imageSize, slots: temporalSlots, parts }),
    imageSize,
    temporalSlots,
    parts,
    sound,
  };
}
