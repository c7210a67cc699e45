import { z } from 'zod';

/** What is known of an embedded clip; one line of the file of rows. */
export const embeddingRow = z.object({
  /** As of a sample in a cache; of a video in no cache, of its content and the clip. */
  key: z.string(),
  id: z.string(),
  path: z.string(),
  label: z.string().nullable(),
  split: z.string().nullable(),
  /** Number of the clip inside its video. */
  clip: z.number().int(),
  /** `[start, end)` of the clip, seconds. */
  start: z.number(),
  end: z.number(),
  /** Whether there is sound to hear. */
  sound: z.boolean(),
});
export type EmbeddingRow = z.infer<typeof embeddingRow>;

/** A video, or a clip of one, that could not be embedded. */
export const failureRow = z.object({
  id: z.string(),
  path: z.string(),
  start: z.number().nullable(),
  end: z.number().nullable(),
  stage: z.string(),
  cause: z.string(),
  detail: z.string(),
});
export type FailureRow = z.infer<typeof failureRow>;

/** What vectors are made by: with the clips, all that they depend on. */
export type EmbeddingConfiguration = Readonly<Record<string, unknown>>;

/** What stands beside the vectors, in a JSON file. */
export const embeddingInfo = z.object({
  /** Of the array of all vectors. */
  dtype: z.literal('float32'),
  shape: z.array(z.number().int().min(0)).min(1),
  configuration: z.record(z.string(), z.unknown()),
  failures: z.array(failureRow),
});
export type EmbeddingInfo = z.infer<typeof embeddingInfo>;
