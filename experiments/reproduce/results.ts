import { z } from 'zod';
import { SOUNDS } from '../../stages/batch/clip-parts.js';

const fraction = z.number().min(0).max(1);
const sound = z.enum(SOUNDS);

/** Error on clips of the test split, under masks that no training draws. */
const reconstruction = z.strictObject({
  maskRatio: fraction,
  sound,
  /** The objective of the run. */
  loss: z.number(),
  /** Mean squared error of the masked pixels, in [0, 1]. */
  mse: z.number(),
  clips: z.int(),
});

/** Accuracy on videos of the test split. */
const classification = z.strictObject({
  sound,
  /** Deviation of the blur, pixels. */
  blur: z.number(),
  /** Frames scaled down so many times and up again. */
  lowRes: z.number(),
  videos: z.int(),
  top1: fraction,
  top5: fraction,
  /** A 1 for each video that was right, a 0 for others, by their ids; empty on worse pictures. */
  right: z.string(),
  /** Of each of the classes, null where there was no video of it; empty on worse pictures. */
  perClass: z.array(fraction.nullable()),
});

/** One system, trained once: pre-training, fine-tuning, and how both were measured. */
const runResult = z.strictObject({
  /** Registry name of the system. */
  variant: z.string(),
  maskRatio: fraction,
  /** What it heard as it learned. */
  sound,
  seed: z.int(),
  /** Where it is not the recipe's, but so that there are as many weights as with cross-attention. */
  decoderDepth: z.int().optional(),
  /** Weights in pre-training, and wall time of its steps. */
  parameters: z.int(),
  stepSeconds: z.number(),
  /** Of pre-training and fine-tuning together. */
  seconds: z.number(),
  /** Loss of pre-training, mean over the steps up to each. */
  curve: z.array(z.strictObject({ step: z.int(), loss: z.number() })),
  reconstructions: z.array(reconstruction),
  classifications: z.array(classification),
});

/** The clips of a comparison. */
const clips = z.strictObject({
  fingerprint: z.string(),
  /** Clips that were learned from, and that were measured on. */
  train: z.int(),
  test: z.int(),
  /** Share of the test clips that have sound. */
  sounding: fraction,
});

/** All that a report says, in one file: `results.json`. */
export const results = z.strictObject({
  schema: z.literal(2),
  avme: z.string(),
  /** Clips of the seeds, in turn: seed i has the i-th, and begins again after the last. */
  caches: z.array(clips).min(1),
  /** Those of the classifiers, where they are not those of pre-training. */
  finetuneCaches: z.array(clips),
  classes: z.array(z.string()),
  protocol: z.strictObject({
    seeds: z.array(z.int()),
    /** Splits that were measured on. */
    testSplits: z.array(z.string()),
    /** Of pre-training. */
    steps: z.int(),
    finetuneSteps: z.int(),
    /** Clips a step of pre-training. */
    batch: z.int(),
    /** Ratio at which all systems are compared. */
    maskRatio: fraction,
    backend: z.string(),
    cores: z.int(),
    jobs: z.int(),
  }),
  runs: z.array(runResult),
  /** The commands behind each number, in the order in which they can be repeated by hand. */
  commands: z.array(z.string()),
  /** Wall time of all commands, were they run one after another. */
  seconds: z.number(),
});

export type Clips = z.infer<typeof clips>;
export type Results = z.infer<typeof results>;
export type RunResult = z.infer<typeof runResult>;
export type Reconstruction = z.infer<typeof reconstruction>;
export type Classification = z.infer<typeof classification>;

/** A picture beside a report. */
export interface Figure {
  /** Relative to the report. */
  readonly file: string;
  readonly caption: string;
}
