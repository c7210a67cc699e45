import { z } from 'zod';

const numbersMessage =
  'must be numbers of samples from 0 and ranges of them, e.g. 0,5,10-19, in ascending order';

/** `0,5,10-12` → 0, 5, 10, 11, 12. */
const sampleList = z.string().transform((text, context): number[] => {
  const numbers = text.split(',').flatMap((part) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    const from = Number(first);
    return Array.from(
      { length: Math.max(0, Number(last ?? first) - from + 1) },
      (_, i) => from + i,
    );
  });
  // A part that says nothing, a range that goes backwards, a number that comes twice.
  const parts = text.split(',').length;
  if (numbers.length < parts || numbers.some((number, i) => number <= (numbers[i - 1] ?? -1))) {
    context.addIssue({ code: 'custom', message: numbersMessage });
    return z.NEVER;
  }
  return numbers;
});

const nameList = z.union([
  z.string().transform((text) => text.split(',').map((name) => name.trim())),
  z.array(z.string()),
]);

/** Which samples are exported, and how. */
export const exportOptions = z.strictObject({
  /** Only samples of these splits; "" stands for those without one. */
  split: nameList.optional(),
  /** Only samples with these labels; "" stands for those without one. */
  label: nameList.optional(),
  /** Only these samples, by their numbers in the cache, ascending. */
  samples: z
    .union([sampleList, z.array(z.number().int().min(0))], { error: numbersMessage })
    .optional(),
  /** Samples a tar, where a folder of tars is made. */
  shardSamples: z.coerce.number().int().min(1).max(1_000_000).default(400),
  /**
   * `stored`: frames as the cache keeps them, to be imported again; `npy`: decoded, where it keeps
   * pictures; `jpg`: one picture a frame, which cannot be imported again.
   */
  frames: z.enum(['stored', 'npy', 'jpg']).default('stored'),
  /** Quality of the pictures, 1 to 100. */
  quality: z.coerce.number().int().min(1).max(100).default(95),
});
export type ExportOptions = z.output<typeof exportOptions>;
export type ExportInput = z.input<typeof exportOptions>;
