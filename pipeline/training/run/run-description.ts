import { z } from 'zod';
import { classifierConfig } from '../../../model/classifier.js';
import { dataDescription } from '../data/training-data.js';

const moments = z.strictObject({
  mean: z.array(z.number()).readonly(),
  std: z.array(z.number()).readonly(),
});

/** By what a run standardises sound, in its `run.json`. */
export const statisticsDescription = z.strictObject({ mfcc: moments, mel: moments.optional() });

/** Everything that is needed to repeat a run; `run.json`. */
export const runDescription = z.strictObject({
  schema: z.literal(1),
  model: z.record(z.string(), z.unknown()),
  training: z.record(z.string(), z.unknown()),
  data: dataDescription,
  /** What the run is measured on. */
  validation: dataDescription.optional(),
  /** By what sound is standardised; runs of earlier versions did it by what each cache says. */
  statistics: statisticsDescription.optional(),
  /** What a classifier says of clips; runs of pre-training have none. */
  classifier: z
    .strictObject({
      head: classifierConfig,
      /** Names of the classes, in the order of the head's rows. */
      classes: z.array(z.string()),
    })
    .optional(),
  /** Steps that were added to a run that had come to its end: how many it had, and has in all. */
  extensions: z.array(z.strictObject({ from: z.number(), steps: z.number() })).optional(),
  /** The version of avme and the backend that began the run, and what it multiplied matrices in. */
  begunWith: z.strictObject({
    avme: z.string(),
    node: z.string(),
    backend: z.string(),
    precision: z.enum(['float32', 'tf32', 'bfloat16']).default('float32'),
  }),
});
export type RunDescription = z.infer<typeof runDescription>;

interface EarlierRun {
  readonly cache?: { readonly samples: number };
  readonly training?: Readonly<Record<string, unknown>>;
  readonly classifier?: unknown;
}

/** Runs of earlier versions have one cache, all of it, and no rate at the end that follows the batch. */
function upgraded(parsed: unknown): unknown {
  if (typeof parsed !== 'object' || parsed === null) return parsed;
  const { cache, training, ...rest } = parsed as EarlierRun;
  const floor = training !== undefined && 'minLr' in training ? { baseMinLr: rest.classifier === undefined ? 1e-5 : 1e-6 } : {}; // prettier-ignore
  return {
    ...rest,
    ...(training && { training: { ...floor, ...training } }),
    ...(cache && { data: { caches: [{ ...cache, selected: cache.samples }] } }),
  };
}

/** Reads `run.json`, of earlier versions too. @throws Error naming the file */
export function parseDescription(text: string, path: string): RunDescription {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error(`${path} is not JSON: the run folder is damaged; choose another --run`);
  }
  const result = runDescription.safeParse(upgraded(parsed));
  if (!result.success)
    throw new Error(
      `${path} does not describe a run of this version of avme: ${z.prettifyError(result.error)}`,
    );
  return result.data;
}

/**
 * Settings as a run that is gone on with has them, where they were not asked for. The rate at the end
 * is one: runs of earlier versions have it from a default of that time.
 */
export function asBegun<T extends { readonly minLr?: number | undefined }>(
  training: T,
  begun: RunDescription | undefined,
): T {
  const minLr = begun?.training['minLr'];
  return training.minLr === undefined && typeof minLr === 'number'
    ? { ...training, minLr }
    : training;
}
