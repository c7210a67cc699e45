import type { CacheWriterOptions, ClipShape } from '../cache/index.js';
import { ffmpegVersion } from '../stages/ffmpeg.js';
import { cacheConfiguration, clipShape, type PreprocessOptions } from './preprocess-options.js';
import { frameStore, storeTools } from './store-options.js';

/** Raised when the stages come to make something else of the same video and options. */
const PREPROCESS_SCHEMA = 2;

/** What kind of cache preprocessing with these options makes. */
export async function cacheKind(
  options: PreprocessOptions,
  tools: Readonly<Record<string, string | number>> = {},
): Promise<CacheWriterOptions> {
  return {
    configuration: cacheConfiguration(options),
    tools: {
      ffmpeg: await ffmpegVersion(),
      preprocess: PREPROCESS_SCHEMA,
      ...(await storeTools(options)),
      ...tools,
    },
    shape: clipShape(options),
    store: frameStore(options),
  };
}

/** Bytes of the arrays of one raw clip, at least: where frames are not square it has more. */
export function rawClipBytes({ frames, storeSize, positions, mfccFrames, cepstra }: ClipShape) {
  return frames * storeSize ** 2 * 3 + positions + 4 * mfccFrames * cepstra;
}
