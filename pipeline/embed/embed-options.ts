import { z } from 'zod';
import { REPRESENTED } from '../../model/system.js';
import { wholeNumber } from '../../stages/train/training-options.js';
import { clipRequestOptions } from '../predict/predict-options.js';

/** Which vectors, and of which clips. */
export const embedOptions = clipRequestOptions.safeExtend({
  /** What is represented. */
  of: z.enum(REPRESENTED).default('picture'),
  /** Block of the picture's encoder, from 1; the last behind its norm where it is not given. */
  layer: wholeNumber.optional(),
  /** All tokens instead of their mean. */
  tokens: z.boolean().default(false),
});
export type EmbedOptions = z.input<typeof embedOptions>;

/** The options that stand among the other fields of a request. @throws ZodError naming one that is wrong */
export function embedOptionsOf(request: object): z.output<typeof embedOptions> {
  const given = Object.entries(request).filter(([name]) => name in embedOptions.shape);
  return embedOptions.parse(Object.fromEntries(given));
}
