import { z } from 'zod';
import type { ClipShape } from '../../cache/records.js';
import type { CacheWriterOptions } from '../../cache/writer.js';
import { CEPSTRA } from '../audio/mfcc-features.js';
import type { Configuration } from '../clip.js';
import { ffmpegVersion } from '../ffmpeg/ffmpeg.js';
import { mfccFramesOf } from '../mfcc.js';
import { frameStore, storeConfiguration, storeTools, type StoreOptions } from './store-options.js';

/** Raised when the stages come to make something else of the same video and options. */
const PREPROCESS_SCHEMA = 2;

/** What of a configuration decides the shape of its clips, and the stage that says so. */
const shapeOptions = z.object({
  frames: z.number('sample() in front of it says so'),
  stride: z.number('sample() in front of it says so'),
  size: z.number('decode() in front of it says so'),
  storeSize: z.number('decode() in front of it says so'),
  fit: z.string('decode() in front of it says so'),
  patch: z.number('tubeMask() in front of it says so'),
  mel: z.number().optional(),
});

/**
 * The shape of the clips that a configuration makes.
 * @throws RangeError naming what the configuration lacks, and the stage that says it
 */
export function clipShapeOf(configuration: Configuration): ClipShape {
  const result = shapeOptions.safeParse(configuration);
  if (!result.success) {
    const lacking = result.error.issues.map(
      ({ path, message }) => `${path.join('.')} (${message})`,
    );
    throw new RangeError(`shardCache: the records do not say their ${lacking.join(', ')}`);
  }
  const { frames, stride, size, storeSize, fit, patch, mel = 0 } = result.data;
  return {
    frames,
    size,
    storeSize,
    square: fit !== 'short-side',
    positions: (size / patch) ** 2,
    mfccFrames: mfccFramesOf(frames, stride),
    cepstra: CEPSTRA,
    // Nothing at all where there is none: such caches have the fingerprint that they always had.
    ...(mel > 0 && { melBands: mel }),
  };
}

/** The kind of cache that a configuration makes: what its fingerprint is taken of. */
export async function cacheKindOf(
  configuration: Configuration,
  store: StoreOptions,
  tools: Readonly<Record<string, string | number>> = {},
  signal?: AbortSignal,
): Promise<CacheWriterOptions> {
  return {
    configuration: { ...configuration, ...storeConfiguration(store) },
    tools: {
      ffmpeg: await ffmpegVersion(signal),
      preprocess: PREPROCESS_SCHEMA,
      ...(await storeTools(store)),
      ...tools,
    },
    shape: clipShapeOf(configuration),
    store: frameStore(store),
  };
}
