import { z } from 'zod';

/** Whole numbers from `least` on; who prints the message adds the field and what it got. */
const wholeFrom = (least: number) => {
  // Abort: sizes that are no sizes are not compared with each other.
  const wrong = { error: `must be a whole number, ${least} or more`, abort: true };
  return z.number(wrong).int(wrong).min(least, wrong);
};
const count = wholeFrom(1);

/**
 * The systems, by the name that `--variant` takes: `av`: AV-MaskEnhancer; `av-self` and `av-cross`:
 * the same with self-attention over the concatenation alone, or with cross-attention alone;
 * `av-no-cross`: with the concatenation alone (Table II); `v`: VideoMAE; `cav-mae`.
 */
export const SYSTEM_NAMES = ['av', 'av-self', 'av-cross', 'av-no-cross', 'v', 'cav-mae'] as const;
export type SystemName = (typeof SYSTEM_NAMES)[number];

/** Sizes of encoder and decoder; decoder widths are VideoMAE's. */
export const PRESETS = {
  ti: { width: 192, depth: 12, heads: 3, decoderWidth: 96, decoderHeads: 3 },
  s: { width: 384, depth: 12, heads: 6, decoderWidth: 192, decoderHeads: 3 },
  b: { width: 768, depth: 12, heads: 12, decoderWidth: 384, decoderHeads: 6 },
  l: { width: 1024, depth: 24, heads: 16, decoderWidth: 512, decoderHeads: 8 },
} as const;

/** The multiple of `divisor` next to `value`, at least one of it. */
const nearest = (value: number, divisor: number) =>
  Math.max(1, Math.round(value / divisor)) * divisor;

/**
 * The sizes of a model, whatever its system. {@link modelConfig} adds what the system asks of them.
 */
export const modelSizes = z
  .strictObject({
    /** The system. */
    variant: z.enum(SYSTEM_NAMES).default('av'),
    /** Side of the square frames in pixels. */
    imageSize: count.default(224),
    frames: count.default(16),
    /** Frames a tubelet spans. */
    tubelet: count.default(2),
    /** Side of a patch in pixels. */
    patch: count.default(16),
    width: count,
    depth: count,
    heads: count,
    decoderWidth: count,
    decoderDepth: count.default(4),
    decoderHeads: count,
    /** N_len, MFCC frames a clip. */
    mfccFrames: count.default(256),
    cepstra: count.default(13),
    /** Bands of the log-mel spectrum, for systems that hear by it. */
    melBands: count.optional(),
    /** Squeeze-and-excitation keeps an eighth of a stage's filters, so there are at least eight. */
    audioFilters: z.array(wholeFrom(8)).length(4).default([16, 32, 64, 128]),
    audioLayers: z.array(count).length(4).default([3, 4, 6, 3]),
    /** Time dilation of the audio encoder's stages; [1, 1, 1, 1] is TalkNet's own. */
    audioDilation: z.array(count).length(4).default([1, 1, 2, 4]),
    /** Heads of the cross-attention; the nearest divisor of the width is taken. */
    fusionHeads: count.default(8),
    /** Dropout inside the cross-attention layers. */
    dropout: z.number().min(0).lt(1).default(0.1),
    /** `normalised`: tubelets at mean 0 and deviation 1 are the target; `raw`: pixels in [0, 1]. */
    target: z.enum(['normalised', 'raw']).default('normalised'),
    /** Tokens that the loss is taken over; `all` is the letter of the paper's eq. 7. */
    lossOver: z.enum(['masked', 'all']).default('masked'),
  })
  .superRefine((config, context) => {
    const divides = (name: keyof typeof config, by: keyof typeof config) => {
      const [value, divisor] = [Number(config[name]), Number(config[by])];
      if (value % divisor !== 0)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `must be a multiple of ${by} (${divisor}); the nearest is ${nearest(value, divisor)}`,
        });
    };
    divides('frames', 'tubelet');
    divides('imageSize', 'patch');
    divides('width', 'heads');
    divides('decoderWidth', 'decoderHeads');
  });
/** Two runs with equal configurations have interchangeable weights. */
export type ModelConfig = z.infer<typeof modelSizes>;
