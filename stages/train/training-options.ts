import { z } from 'zod';
import { augmentOptions } from '../augment/augment.js';
import { SOUNDS } from '../batch/clip-parts.js';
import { ORDERS } from '../load/options.js';
import { maskRatioOption } from '../mask/tube-mask.js';

const positive = { error: 'must be a whole number, 1 or more' };

/** A whole number of at least 1, also as text. */
export const wholeNumber = z.coerce.number(positive).int(positive).min(1, positive);

const positiveNumber = z.coerce.number().positive({ error: 'must be above 0' });

/** Options of every kind of training; defaults are those of pre-training. */
export const stepOptions = {
  /** Clips a step. */
  batch: wholeNumber.default(8),
  /** Parts that a step's clips are taken in, one after the other, where memory has not room for all. */
  accumulate: wholeNumber.default(1),
  /** Length of the run in passes over the cache; the schedule ends there. */
  epochs: positiveNumber.default(800),
  /** Length of the run in steps, instead of epochs. */
  steps: wholeNumber.optional(),
  /** Learning rate of a batch of 256; scaled linearly with the batch (paper: 1.5e-4). */
  baseLr: positiveNumber.default(1.5e-4),
  /** Learning rate itself, instead of `baseLr · batch / 256`. */
  lr: positiveNumber.optional(),
  /** Where the cosine ends with a batch of 256; scaled linearly with the batch (VideoMAE's code: 1e-5). */
  baseMinLr: z.coerce.number().min(0).default(1e-5),
  /** Where the cosine ends, instead of `baseMinLr · batch / 256`; never above the learning rate. */
  minLr: z.coerce.number().min(0).optional(),
  /** Linear warm-up from 0, in epochs; at most a tenth of the run. */
  warmupEpochs: z.coerce.number().min(0).default(40),
  weightDecay: z.coerce.number().min(0).default(0.05),
  beta1: z.coerce.number().min(0).lt(1).default(0.9),
  beta2: z.coerce.number().min(0).lt(1).default(0.95),
  /** Largest norm of all gradients together; none is the paper's. */
  clipGrad: positiveNumber.optional(),
  /** Keeps a moving average of the weights: the share of the old average that a step leaves. */
  ema: z.coerce.number().gt(0).lt(1).optional(),
  /** Probability that a clip's sound is taken away, so that the model learns to do without. */
  soundDropout: z.coerce.number().min(0).max(1).default(0),
  /**
   * What clips are heard with, those for validation too: `mute`: nothing; `shuffled`: another video's sound,
   * the same in the whole run; `presence`: the mean sound. Absent in `run.json` where it is their `own`.
   */
  sound: z
    .enum(SOUNDS)
    .optional()
    .transform((kind) => (kind === 'own' ? undefined : kind)),
  /**
   * The order of samples: `blocks` needs few shards at a time, for caches on slow or distant disks.
   * Absent in `run.json` where it is `global`.
   */
  order: z
    .enum(ORDERS)
    .optional()
    .transform((kind) => (kind === 'global' ? undefined : kind)),
  /** Steps between two looks at the clips for validation; once an epoch where it is not given. */
  validateEvery: wholeNumber.optional(),
  /** Looks at the clips for validation without a better result after which the run ends. */
  patience: wholeNumber.optional(),
  /** Decides initial weights, order, masks, crops and dropout. */
  seed: z.coerce.number().int().min(0).default(0),
};

/** The parts of a step have one size. */
export const hasWholeParts = ({ batch, accumulate }: { batch: number; accumulate: number }) =>
  batch % accumulate === 0;
export const WHOLE_PARTS = { path: ['accumulate'], message: 'must divide --batch without a rest' };

/** Everything that decides what a pre-training run computes; saved in its `run.json`. */
export const trainingOptions = z
  .strictObject({
    ...augmentOptions.shape,
    ...stepOptions,
    /** `epoch`: a new mask each time a clip is seen; `cached`: the one in the cache. */
    mask: z.enum(['epoch', 'cached']).default('epoch'),
    /** Share of the positions that is masked; the cache's where it is not given. */
    maskRatio: maskRatioOption.optional(),
  })
  .refine(hasWholeParts, WHOLE_PARTS)
  .refine((options) => options.mask === 'epoch' || options.maskRatio === undefined, {
    path: ['maskRatio'],
    message: 'the cached masks have their own ratio; leave it out, or choose --mask epoch',
  });
export type TrainingOptions = z.infer<typeof trainingOptions>;

/** The length of a run and its learning rates, in steps. */
export interface TrainingPlan {
  readonly steps: number;
  readonly warmupSteps: number;
  readonly lr: number;
  readonly minLr: number;
  /** Steps that the run had come to whenever it was extended, in order; default: never. */
  readonly extendedAt?: readonly number[];
}

/** @param samples how many the cache holds */
export function planTraining(
  options: Pick<
    TrainingOptions,
    'batch' | 'steps' | 'epochs' | 'lr' | 'baseLr' | 'minLr' | 'baseMinLr' | 'warmupEpochs'
  >,
  samples: number,
): TrainingPlan {
  const perEpoch = samples / options.batch;
  const steps = options.steps ?? Math.max(1, Math.round(options.epochs * perEpoch));
  const scale = options.batch / 256;
  const lr = options.lr ?? options.baseLr * scale;
  return {
    steps,
    // Forty epochs are a twentieth of the paper's run; a short run must not spend itself on warming up.
    warmupSteps: Math.round(Math.min(options.warmupEpochs * perEpoch, steps / 10)),
    lr,
    minLr: Math.min(options.minLr ?? options.baseMinLr * scale, lr),
  };
}
