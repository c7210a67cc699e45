import { z } from 'zod';
import { randomFor } from '../cache/order/random.js';
import {
  assertHas,
  configured,
  configuredNumber,
  type DecodedRecord,
  type MaskedClip,
} from './clip.js';
import { drawTubeMask, maskedPositions, maskOptions } from './mask/tube-mask.js';
import { parseOptions, type WithStage } from './stage-options.js';
import { stage, type StageStream } from './stream.js';

const ownOptions = z.strictObject({
  ratio: maskOptions.shape.maskRatio,
  patch: maskOptions.shape.patch,
  /** Of the draws; a whole number. */
  seed: z.int().min(0).default(0),
});

export interface TubeMaskOptions extends Partial<z.input<typeof ownOptions>> {
  /** Replaces the way masks are drawn. */
  readonly core?: typeof drawTubeMask | undefined;
}

/**
 * Draws the tube mask of each clip: one spatial map that holds for all temporal slots (VideoMAE,
 * §3.2). A mask is a pure function of the seed and the clip's key.
 *
 * Options: `ratio` of the positions that are masked, above 0 and below 1 (default 0.9), `patch`
 * (side in pixels; default 16), `seed` (default 0), and those of every stage.
 * @returns a Duplex from {@link DecodedRecord} to {@link MaskedClip}
 * @throws RangeError for an option that is wrong, or a patch that does not divide the frames
 */
export function tubeMask(
  options: WithStage<TubeMaskOptions, DecodedRecord> = {},
): StageStream<DecodedRecord, MaskedClip> {
  const { concurrency, window, onFailure, core = drawTubeMask, ...own } = options;
  const { ratio, patch, seed } = parseOptions('tubeMask', ownOptions, own);
  return stage(
    'tube-mask',
    (record: DecodedRecord): MaskedClip[] => {
      assertHas(record, 'tubeMask', 'clip', 'sample()');
      const size = configuredNumber(record, 'tubeMask', 'size', 'decode()');
      if (size % patch !== 0)
        throw new RangeError(`tubeMask: patch (${patch}) must divide the frame size (${size})`);
      const positions = (size / patch) ** 2;
      maskedPositions(positions, ratio);
      const draw = randomFor(seed, 0, record.clip.key, 'cached mask');
      const configuration = configured(record, 'tubeMask', { patch, maskRatio: ratio, seed });
      return [{ ...record, configuration, mask: core(positions, ratio, draw) }];
    },
    { concurrency, window, onFailure },
  );
}
