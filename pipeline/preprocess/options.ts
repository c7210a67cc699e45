import { limitOptions } from '../../stages/ffmpeg/limits.js';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { assertEncodable } from '../../cache/codec/frame-encoding.js';
import { maskedPositions, maskOptions } from '../../stages/mask/tube-mask.js';
import { audioOptions } from '../../stages/audio/audio-options.js';
import { frameOptions } from '../../stages/decode/frame-filter.js';
import { sampleOptions } from '../../stages/sample/sample-clips.js';
import { sourceOptions } from '../../stages/source/options.js';
import { selectionOptions } from '../../stages/source/select.js';
import { streamOptions } from '../../stages/probe/stream-choice.js';
import type { FailureLimit } from '../failure.js';
import { frameStore, storeOptions } from '../../stages/shard-cache/store-options.js';

const limitSchema = z.strictObject({ value: z.number(), unit: z.enum(['videos', 'percent']) });

/** A number, a share like `5%`, or what these two become. */
const failureLimit = z
  .union([z.number(), z.string(), limitSchema])
  .transform((text, context): FailureLimit => {
    if (typeof text === 'object') return text;
    const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(String(text).trim());
    const value = Number(match?.[1]);
    if (match === null || (match[2] === '%' ? value > 100 : !Number.isInteger(value))) {
      context.addIssue({
        code: 'custom',
        message: `must be a number of videos or a share like 5%, not ${text}`,
      });
      return z.NEVER;
    }
    return { value, unit: match[2] === '%' ? 'percent' : 'videos' };
  });

/** Every option of preprocessing, each defined beside the stage that it belongs to. */
export const preprocessOptions = z
  .strictObject({
    ...sourceOptions.shape,
    ...selectionOptions.shape,
    ...streamOptions.shape,
    ...sampleOptions.shape,
    ...frameOptions.shape,
    ...maskOptions.shape,
    ...audioOptions.shape,
    ...storeOptions.shape,
    ...limitOptions.shape,
    /** Seed of the cached masks and of random clips: with the video they decide both, on every machine the same. */
    seed: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
    /** Folder on a local disk to write a part in before it goes into the cache; null: where it is needed. */
    scratch: z.string().min(1, 'must be a folder').nullable().default(null),
    /**
     * `libav`: in child processes of long life, which is faster; `ffmpeg`: a process a clip;
     * `auto`: what the cache was made with, else libav where it is set up.
     */
    decoder: z.enum(['auto', 'libav', 'ffmpeg']).default('auto'),
    /** Videos worked on at once. */
    jobs: z.coerce.number().int().min(1).max(256).default(availableParallelism()),
    /** How many videos (`10`) or which percentage of them (`5%`) may fail before the run stops; null: any. */
    maxFailures: failureLimit.nullable().default(null),
    /** Try the videos in quarantine again. */
    retryFailed: z.boolean().default(false),
    /** A line of a list that is wrong ends the run; else it goes into quarantine. */
    strict: z.boolean().default(false),
  })
  .superRefine(({ size, storeSize, patch, maskRatio, frames, ...options }, context) => {
    const problem = (path: string, message: string) => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (storeSize !== null && storeSize < size)
      problem('storeSize', `must be at least the size that the model sees: ${storeSize} is less than ${size}`); // prettier-ignore
    try {
      const side = storeSize ?? size;
      assertEncodable({ frames, height: side, width: side }, frameStore(options));
    } catch (error) {
      problem('store', (error as Error).message);
    }
    if (size % patch !== 0) {
      problem('patch', `must divide the frame size: ${size} is no multiple of ${patch}`);
      return;
    }
    try {
      maskedPositions((size / patch) ** 2, maskRatio);
    } catch (error) {
      problem('maskRatio', (error as Error).message);
    }
  });
export type PreprocessOptions = z.infer<typeof preprocessOptions>;
export type PreprocessInput = z.input<typeof preprocessOptions>;

/** The options that change what is in the cache; the others change how fast it gets there. */
export function cacheConfiguration(options: PreprocessOptions) {
  const { videoStream, audioStream, frames, stride, clips, sampling } = options;
  const { size, storeSize, fit, patch, maskRatio, seed, mel, mfcc } = options;
  return {
    ...{ videoStream, audioStream, frames, stride, clips, sampling },
    ...{ size, storeSize: storeSize ?? size, fit, patch, maskRatio, seed },
    ...(mfcc !== 'meyda' && { mfcc }),
    ...(mel > 0 && { mel }),
  };
}
