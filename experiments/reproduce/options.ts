import { SYSTEM_NAMES } from '../../model/config.js';
import { z } from 'zod';

import { wholeNumber } from '../../stages/train/training-options.js';

/** A list, also as text with commas. */
const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
    z.array(item).min(1, { error: 'must name at least one' }),
  );

const ratio = z.coerce
  .number()
  .gt(0, { error: 'must be above 0 and below 1' })
  .lt(1, { error: 'must be above 0 and below 1' });

/** What is compared. */
export const reproduceOptions = z.strictObject({
  /** Splits that are learned from, and that are measured on. */
  splits: listOf(z.string()).default(['train']),
  testSplits: listOf(z.string()).default(['test']),
  /** Each system is trained so many times, from seeds 0, 1, …; below two nothing can be decided. */
  seeds: wholeNumber.default(5),
  /** Default: all that the cache has the sound for. */
  systems: listOf(z.enum(SYSTEM_NAMES)).optional(),
  /** Share of the positions masked, at which all systems are compared; default the cache's. */
  maskRatio: ratio.optional(),
  /** Ratios with which AV-MaskEnhancer is trained and all are measured, besides. */
  maskRatios: listOf(ratio).default([0.75, 0.9, 0.95]),
  /** Pre-train `av-no-cross` with as many weights as `av` as well, by a deeper decoder. */
  sizeMatched: z.boolean().default(true),
  /** Train on other clips' sounds, and on the presence of sound alone, as well. */
  controls: z.boolean().default(true),
  /** Fine-tune what was pre-trained. */
  finetune: z.boolean().default(true),
  /** Steps of pre-training and of fine-tuning; default the recipe's. */
  steps: wholeNumber.optional(),
  finetuneSteps: wholeNumber.optional(),
});
export type ReproduceInput = z.input<typeof reproduceOptions>;
export type ReproduceOptions = z.output<typeof reproduceOptions>;
