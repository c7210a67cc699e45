import { z } from 'zod';
import { evaluateOptions } from '../evaluate/work.js';
import { frameOptions } from '../../stages/decode/frame-filter.js';
import { limitOptions } from '../../stages/ffmpeg/limits.js';
import { sampleOptions } from '../../stages/sample/sample-clips.js';
import { sourceOptions } from '../../stages/source/options.js';
import { selectionOptions } from '../../stages/source/select.js';
import { wholeNumber } from '../../stages/train/training-options.js';

const seconds = (message: string) => z.coerce.number({ error: message }).gt(0, message).optional();

/** How clips of new videos are made and shown. */
export const clipRequestOptions = z.strictObject({
  ...sourceOptions.shape,
  ...selectionOptions.omit({ shard: true }).shape,
  /** Clips of a video, spread evenly over it; those of the run's own clips where it is not given. */
  clips: sampleOptions.shape.clips.unwrap().optional(),
  /** How frames are made square; as those of the run's own clips where it is not given. */
  fit: frameOptions.shape.fit.unwrap().optional(),
  /** Sliding clips instead: one starts every so many seconds. */
  every: seconds('must be a number of seconds above 0, e.g. 0.5'),
  /** What clips are heard with; the sound of others is not at hand. */
  sound: evaluateOptions.shape.sound.unwrap().exclude(['shuffled']).default('own'),
  blur: evaluateOptions.shape.blur,
  lowRes: evaluateOptions.shape.lowRes,
  /** Clips that are computed at once. */
  batch: wholeNumber.default(16),
  /** Averaged weights, where the run kept them. */
  ema: z.boolean().default(true),
  /** Videos and clips that are decoded at once; the number of cores where it is not given. */
  jobs: wholeNumber.max(256).optional(),
  ...limitOptions.shape,
  /** What matrices are multiplied in. */
  precision: z.enum(['auto', 'float32', 'bfloat16']).default('float32'),
});

/** How videos are classified. */
export const predictOptions = clipRequestOptions.safeExtend({
  /** As of `evaluate`: so many of a video's clips, and crops of each. */
  views: evaluateOptions.shape.views,
  /** With `every`: probabilities are averaged over the clips of a window of so many seconds. */
  window: seconds('must be a number of seconds above 0, e.g. 3'),
  /** Classes that are named of each video. */
  top: wholeNumber.default(5),
});
export type PredictOptions = z.input<typeof predictOptions>;
