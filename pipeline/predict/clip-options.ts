import { z } from 'zod';
import { openCache } from '../../cache/reader.js';
import type { ClipShape } from '../../cache/records.js';
import type { ModelConfig } from '../../model/config.js';
import { positionsOf } from '../../model/layers/geometry.js';
import { systemOf } from '../../model/systems.js';
import { audioOptions, type MfccKind } from '../../stages/audio/audio-options.js';
import type { AudioStatistics } from '../../stages/batch/audio-statistics.js';
import { frameOptions } from '../../stages/decode/frame-filter.js';
import type { RunDescription } from '../training/run/run-description.js';

const side = z.number().int();

/** What of a cache's configuration decides how clips like its own are made. */
const recorded = z.object({
  stride: side.optional(),
  clips: side.optional(),
  size: side.optional(),
  storeSize: side.optional(),
  fit: frameOptions.shape.fit.unwrap().optional(),
  mfcc: audioOptions.shape.mfcc.unwrap().optional(),
});
type Recorded = z.infer<typeof recorded>;
type Described = Pick<RunDescription, 'data' | 'statistics'>;

/** How clips are made for a model. */
export interface ClipOptions {
  readonly frames: number;
  readonly stride: number;
  /** Clips a video. */
  readonly clips: number;
  readonly size: number;
  readonly storeSize: number;
  readonly fit: z.infer<typeof frameOptions>['fit'];
  readonly positions: number;
  readonly mfcc: MfccKind;
  /** Bands of the log-mel spectrum; 0 where the model takes none. */
  readonly mel: number;
}

const UNKNOWN =
  'the run does not say how the clips it learned from were made, and their cache is not where it was; frames are cropped to a square (--fit), as avme preprocess does by default';

/** What was made of a run's clips, as far as it is known. */
interface Known {
  readonly configuration: Recorded;
  readonly statistics: AudioStatistics | undefined;
}

/** What the run says; runs of earlier versions do not, and then what the cache says, where it is still there. */
async function known({ data, statistics }: Described): Promise<Known> {
  const [cache] = data.caches;
  const parsed = (configuration: unknown) => recorded.safeParse(configuration).data ?? {};
  const said = { configuration: parsed(cache?.configuration), statistics };
  if (cache === undefined || (cache.configuration !== undefined && statistics !== undefined)) return said; // prettier-ignore
  try {
    const reader = await openCache(cache.path);
    const { manifest } = reader;
    await reader.close();
    if (manifest.fingerprint !== cache.fingerprint) return said;
    return {
      configuration: parsed(cache.configuration ?? manifest.configuration),
      statistics: statistics ?? manifest.statistics,
    };
  } catch {
    return said;
  }
}

/** How clips are made for a run, and by what their sound is standardised. */
export interface ClipsOfRun {
  readonly options: ClipOptions;
  readonly statistics: AudioStatistics;
  /** Where it is not known how the run's own clips were made. */
  readonly note: string | undefined;
}

/**
 * How the clips were made that a run learned from, so that others can be made like them.
 * @throws Error when sound cannot be standardised: neither the run nor its cache says how
 */
export async function clipsOfRun(
  run: Described,
  config: ModelConfig,
  given: { readonly fit?: ClipOptions['fit'] | undefined } = {},
): Promise<ClipsOfRun> {
  const { configuration, statistics } = await known(run);
  if (statistics === undefined)
    throw new Error(
      `the run is of an earlier version of avme and does not say by what it standardised sound; put its cache back to ${run.data.caches[0]?.path ?? 'where it was'}`,
    );
  const { frames, mfccFrames, imageSize, melBands = 0 } = config;
  const size = configuration.size ?? imageSize;
  return {
    options: {
      ...{ frames, size, positions: positionsOf(config) },
      fit: given.fit ?? configuration.fit ?? 'crop',
      // Four MFCC frames a source frame step.
      stride: configuration.stride ?? Math.max(1, Math.round(mfccFrames / (4 * frames))),
      clips: configuration.clips ?? 1,
      storeSize: configuration.storeSize ?? size,
      mfcc: configuration.mfcc ?? 'meyda',
      mel: systemOf(config).input.mel ? melBands : 0,
    },
    statistics,
    note: configuration.fit === undefined && given.fit === undefined ? UNKNOWN : undefined,
  };
}

/** The shape of such clips. */
export function shapeOf(options: ClipOptions, { mfccFrames, cepstra }: ModelConfig): ClipShape {
  const { frames, size, storeSize, fit, positions, mel } = options;
  const square = fit !== 'short-side';
  return { frames, size, storeSize, square, positions, mfccFrames, cepstra, ...(mel > 0 && { melBands: mel }) }; // prettier-ignore
}
