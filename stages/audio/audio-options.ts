import { z } from 'zod';

/** What is worked out of a clip's sound besides its MFCC. */
export const audioOptions = z.strictObject({
  /**
   * Bands of the log-mel spectrum that is kept beside the MFCC; 0: none. CAV-MAE takes 128. Below 8 a
   * spectrum says nothing, above 256 a transform of 512 has fewer bins than there are bands.
   */
  mel: z.coerce
    .number()
    .int()
    .refine((bands) => bands === 0 || (bands >= 8 && bands <= 256), 'must be 0, or 8 to 256')
    .default(0),
});
