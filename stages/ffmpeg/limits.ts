import { z } from 'zod';

/** What one process of ffmpeg may take. */
export const limitOptions = z.strictObject({
  /** Seconds that one run of ffmpeg may take. */
  timeout: z.coerce.number().positive().max(86_400).default(300),
  /** GiB of memory that one run of ffmpeg may take; 8K HDR takes 2. */
  memory: z.coerce.number().min(0.125).max(1024).default(4),
});
