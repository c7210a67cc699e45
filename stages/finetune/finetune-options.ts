import { z } from 'zod';
import { augmentOptions } from '../augment/augment.js';
import { hasWholeParts, stepOptions, WHOLE_PARTS, wholeNumber } from '../train/training-options.js';
import { classificationOptions } from './objective.js';
import { randAugmentOptions } from '../augment/rand-augment.js';

const { crop, flip } = augmentOptions.shape;

/**
 * Everything that decides what a fine-tuning run computes; saved in its `run.json`. Defaults are
 * VideoMAE's recipe for UCF101, but for the batch (128 clips, each augmented twice).
 */
export const finetuneOptions = z
  .strictObject({
    ...stepOptions,
    epochs: stepOptions.epochs.unwrap().default(100),
    batch: wholeNumber.default(16),
    baseLr: stepOptions.baseLr.unwrap().default(5e-4),
    baseMinLr: stepOptions.baseMinLr.unwrap().default(1e-6),
    warmupEpochs: stepOptions.warmupEpochs.unwrap().default(5),
    beta2: stepOptions.beta2.unwrap().default(0.999),
    soundDropout: stepOptions.soundDropout.unwrap().default(0.1),
    crop: crop.unwrap().default('random-resized'),
    flip: flip.unwrap().default(0.5),
    /** Smallest area of a `random-resized` crop, a share of the frame's. */
    minArea: z.coerce.number().gt(0).max(1).default(0.08),
    ...randAugmentOptions.shape,
    /** Probability that a box is erased. */
    erasing: z.coerce.number().min(0).max(1).default(0.25),
    ...classificationOptions.shape,
  })
  .refine(hasWholeParts, WHOLE_PARTS);
export type FinetuneOptions = z.infer<typeof finetuneOptions>;
