import { randomFor } from '../../../cache/order/random.js';
import type { Sample } from '../../../cache/records.js';
import { batchArrays, writeClip, type BatchArrays, type DrawnSample } from '../../batch/batch.js';
import { drawTubeMask } from '../../mask/tube-mask.js';
import type { ClipSetup, ClipTask, DrawOptions } from './messages.js';

/** Draws what is drawn for one sample: a pure function of (seed, epoch, sample). */
export function drawFor(
  sample: Sample,
  epoch: number,
  { seed, mask, maskRatio }: Omit<DrawOptions, 'augment'>,
): DrawnSample {
  const { key } = sample.header;
  return {
    sample,
    mask:
      mask === 'cached'
        ? sample.mask
        : drawTubeMask(sample.mask.length, maskRatio, randomFor(seed, epoch, key, 'mask')),
    draw: randomFor(seed, epoch, key, 'crop'),
    // A cached mask is the same in all epochs, and so is the one that is drawn to go with it.
    drawOther: (purpose) =>
      randomFor(seed, purpose === 'sound mask' && mask === 'cached' ? 0 : epoch, key, purpose),
  };
}

/** Writes clips into the slots of a ring of batches, from whichever thread. */
export class ClipWriter {
  private readonly slots: readonly BatchArrays[];

  constructor(
    private readonly setup: ClipSetup,
    slots: readonly SharedArrayBuffer[],
  ) {
    this.slots = slots.map((slot) => batchArrays(setup.size, slot));
  }

  write(
    sample: Sample,
    { source, epoch }: Pick<ClipTask, 'source' | 'epoch'>,
    slot: number,
    clip: number,
  ): void {
    const { draw, sources, size, imageSize, temporalSlots, parts, sound } = this.setup;
    const [format, arrays] = [sources[source], this.slots[slot]];
    if (format === undefined || arrays === undefined)
      throw new RangeError(`loader: there is no source ${source} or no slot ${slot}`);
    const { shape, statistics, melStatistics } = format;
    const { augment } = draw;
    const options = { shape, statistics, melStatistics, imageSize, augment, parts, sound, slots: temporalSlots }; // prettier-ignore
    writeClip(drawFor(sample, epoch, draw), options, clip, size, arrays);
  }
}
