import { availableParallelism } from 'node:os';
import { z } from 'zod';

export const verifyOptions = z.strictObject({
  /** Threads that read and check; default: one a core. */
  jobs: z.coerce
    .number()
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(256, 'must be 256 or less')
    .default(() => availableParallelism()),
  /** Also decode frames and add up all values again, to compare with the sums of the statistics. */
  deep: z.boolean().default(false),
  /** Take what is bad out of the cache. */
  drop: z.boolean().default(false),
});

export type VerifyInput = z.input<typeof verifyOptions>;
