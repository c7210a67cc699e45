import { z } from 'zod';
import { maskOptions } from '../../stages/mask/tube-mask.js';
import { storeOptions } from '../../stages/shard-cache/store-options.js';

/** What the samples of a WebDataset that avme did not write are taken for. */
export const importOptions = z.strictObject({
  ...maskOptions.shape,
  ...storeOptions.shape,
  /** Side of the square that the model sees; null: the largest multiple of `patch` within the frames. */
  size: z.coerce.number().int().min(2).max(4096).nullable().default(null),
  /** Frame steps of the video from one frame of a clip to the next; decides how much MFCC there is where samples bring none. */
  stride: z.coerce.number().int().min(1).max(64).default(4),
  /** Frames of other samples may have a long side of their own, although those of the first do not. */
  shortSide: z.boolean().default(false),
  /** Seed of the masks that are drawn. */
  seed: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
});
export type ImportOptions = z.output<typeof importOptions>;
export type ImportInput = z.input<typeof importOptions>;
