import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../../cache/folder/atomic-file.js';
import type { ModelConfig } from '../../model/config.js';
import { REPRESENTED } from '../../model/system.js';
import type { BackendName } from '../../engine/backend.js';
import { degradeOptions } from '../../stages/evaluate/degrade.js';
import { SOUNDS } from '../../stages/batch/clip-parts.js';
import { wholeNumber } from '../../stages/train/training-options.js';
import { dataOptions, type DataOptions } from '../training/data/training-data.js';
import type { NoteEvent } from '../training/run/run-statistics.js';
import type { ClipsRequest, SkippedClip } from './clips.js';
import { viewsOption, type Views } from './views.js';
import type { CheckpointChoice } from './weights.js';

/** How clips are told apart by their nearest neighbours; defaults are DINO's. */
export const knnOptions = z.strictObject({
  /** The cache of the bank; the one that is evaluated where it is not given. */
  bank: z.string().optional(),
  /** Splits of the bank, comma-separated; default `train`. */
  bankSplits: dataOptions.shape.splits,
  /** Neighbours that vote; default 20. */
  k: wholeNumber.optional(),
  /** Temperature of their votes, `exp(cosine / tau)`; default 0.07. */
  tau: z.coerce.number().gt(0, 'must be above 0, e.g. 0.07').optional(),
  /** What is compared; default the picture. */
  of: z.enum(REPRESENTED).optional(),
  /** Block of the picture's encoder, from 1; default the last, behind its norm. */
  layer: wholeNumber.optional(),
});

/** How clips are shown to what is evaluated. */
export const evaluateOptions = z.strictObject({
  /** What clips are heard with. */
  sound: z.enum(SOUNDS).default('own'),
  blur: degradeOptions.shape.blur,
  lowRes: degradeOptions.shape.lowRes,
  /** Share of the positions that is masked; the run's where it is not given. */
  maskRatio: z.coerce.number().gt(0).lt(1).optional(),
  /** Decides masks and whose sound is whose. */
  seed: z.coerce.number().int().min(0).default(0),
  /** Clips that are computed at once; {@link CONTRAST_CLIPS} where the loss is about a batch's clips together. */
  batch: wholeNumber.default(16),
  /** Views of each video; all its clips, cropped in the middle, where it is not given. */
  views: viewsOption,
  /** What to do about a record that is damaged: an error, or the others without it. */
  badRecords: z.enum(['stop', 'skip']).default('stop'),
  /** Averaged weights, where the run kept them. */
  ema: z.boolean().default(true),
  /** `knn`: videos are told apart by the nearest clips of a bank, not by a classifier's head. */
  probe: z.enum(['knn']).optional(),
  ...knnOptions.shape,
});
export type EvaluateOptions = z.infer<typeof evaluateOptions>;

export interface EvaluateRequest extends Partial<EvaluateOptions> {
  /** Folder of a run of `pretrain` or `finetune`. */
  readonly run: string;
  readonly cache: string;
  /** Which of its samples; default all. */
  readonly data?: DataOptions | undefined;
  /** Default `best` where there is one, else `last`. */
  readonly checkpoint?: CheckpointChoice | undefined;
  /** Folder for predictions and confusion matrix; none are written where it is not given. */
  readonly out?: string | undefined;
  readonly backend?: BackendName | 'auto' | undefined;
  readonly onEvent?: ((event: EvaluateEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type EvaluateEvent =
  | {
      readonly event: 'progress';
      /** `bank`: clips that others are compared with; absent: clips that are evaluated. */
      readonly part?: 'bank';
      readonly done: number;
      readonly total: number;
    }
  | NoteEvent;

/** What every evaluation says. */
export interface Evaluation {
  /** Of the checkpoint. */
  readonly step: number;
  readonly clips: number;
  readonly seconds: number;
  /** Samples that could not be read, and which. */
  readonly badRecords: number;
  readonly skipped: readonly SkippedClip[];
}

/** What is needed to go through the clips. */
export interface Work {
  readonly request: EvaluateRequest;
  readonly config: ModelConfig;
  readonly clips: Omit<ClipsRequest, 'purpose'>;
  readonly start: number;
  readonly views: Views | undefined;
  readonly unlabelled: number;
  /** Those that were passed over so far. */
  readonly skipped: readonly SkippedClip[];
}

export const secondsSince = (start: number): number => (performance.now() - start) / 1000;

/** @throws Error where not one of the chosen samples could be read */
export function checkRead(read: number, chosen: number): void {
  if (read === 0)
    throw new Error(`none of the ${chosen} samples can be read; run avme verify on the cache`);
}

/** One JSON object a line. */
export const jsonLines = (rows: readonly object[]) =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Writes what came out of it, where it is wanted. */
export async function writeResults(
  folder: string | undefined,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files))
    await writeAtomically(join(folder, name), content);
}
