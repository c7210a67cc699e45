import { z } from 'zod';

/** How MFCCs are computed: by Meyda's filters, or as TalkNet-ASD has it. */
export const MFCC_KINDS = ['meyda', 'talknet'] as const;
export type MfccKind = (typeof MFCC_KINDS)[number];

/** What is worked out of a clip's sound. */
export const audioOptions = z.strictObject({
  /** `talknet`: exactly as TalkNet-ASD's pre-trained audio encoder was fed. */
  mfcc: z.enum(MFCC_KINDS).default('meyda'),
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
