import type { RunDescription } from '../run/run-description.js';
import type { CacheReader } from '../../../cache/reader.js';
import type { ClipShape } from '../../../cache/records.js';
import { slotsOf } from '../../../model/layers/geometry.js';
import { systemOf } from '../../../model/systems.js';
import type { ModelConfig } from '../../../model/config.js';
import { assembleBatch, type ClipBatch, type DrawnSample } from '../../../stages/batch/batch.js';
import { drawFor } from '../../../stages/load/workers/clip-writer.js';
import { withAudioOf } from '../../../stages/load/other-audio.js';
import { Loader } from '../../../stages/load/loader.js';
import {
  melStatistics,
  type ClipParts,
  type AudioChoice,
} from '../../../stages/batch/clip-parts.js';
import type { AugmentOptions } from '../../../stages/augment/augment.js';
import type { DrawOptions } from '../../../stages/load/workers/messages.js';
import type { LoaderOptions } from '../../../stages/load/options.js';
import type { AudioStatistics } from '../../../stages/batch/audio-statistics.js';

/** The mask ratio that a cache was made with. */
export function cachedMaskRatio(reader: CacheReader): number {
  const ratio = reader.manifest.configuration['maskRatio'];
  return typeof ratio === 'number' ? ratio : 0.9;
}

/** The mask ratio that a run learned with, on this cache where it was left to the cache. */
export function maskRatioOf(
  { training }: Pick<RunDescription, 'training'>,
  reader: CacheReader,
): number {
  const { maskRatio } = training;
  return typeof maskRatio === 'number' ? maskRatio : cachedMaskRatio(reader);
}

/**
 * What batches are for: to learn from, to be measured on, or to be classified. A system that takes one
 * frame gets another one each time it learns, the middle one where it is measured, and all of them, one
 * by one, where it says what a clip is.
 */
export type BatchPurpose = 'learn' | 'measure' | 'classify';

const ONE_FRAME = { learn: 'random', measure: 'middle', classify: 'all' } as const;

function partsFor(config: ModelConfig, purpose: BatchPurpose): ClipParts {
  const { frames, mel } = systemOf(config).input;
  return {
    frames: frames === 'all' ? 'all' : ONE_FRAME[purpose],
    melPatch: mel ? config.patch : null,
  };
}

/**
 * Reads one sample and draws what is drawn for it: a pure function of (seed, epoch, sample).
 * @param heard index of the sample whose sound it is heard with; default its own
 */
export async function drawSample(
  reader: CacheReader,
  index: number,
  epoch: number,
  options: Omit<DrawOptions, 'augment'>,
  heard = index,
): Promise<DrawnSample> {
  const own = await reader.read(index);
  return drawFor(
    heard === index ? own : withAudioOf(own, await reader.read(heard)),
    epoch,
    options,
  );
}

/** What clips are heard with, and by what that is standardised. */
export interface AudioInput {
  /** Default `own`. */
  readonly sound?: AudioChoice | undefined;
  /** Those of the run; default the cache's. */
  readonly statistics?: AudioStatistics | undefined;
}

/** What is to be known of the clips of a cache, or of clips like them. */
export interface ClipFormat {
  readonly manifest: { readonly shape: ClipShape; readonly statistics: AudioStatistics };
}

/** Puts drawn samples together for a model. */
export function batchFor(
  { manifest }: ClipFormat,
  config: ModelConfig,
  position: number,
  drawn: readonly DrawnSample[],
  augment: AugmentOptions,
  purpose: BatchPurpose,
  { sound, statistics = manifest.statistics }: AudioInput = {},
): ClipBatch {
  const { shape } = manifest;
  const slots = slotsOf(config);
  const options = {
    shape,
    imageSize: config.imageSize,
    slots,
    augment,
    statistics: statistics.mfcc,
    melStatistics: melStatistics(statistics.mel),
    parts: partsFor(config, purpose),
    sound,
  };
  return assembleBatch(position, drawn, options);
}

/**
 * Opens a loader of batches for a model. The clips of all epochs form one endless sequence, of which
 * the batch of step n begins at place `n · batch`; so an epoch may end inside a batch, no clip is left
 * out, and the number of the step is the whole state.
 */
export function trainingLoader(
  config: ModelConfig,
  options: Omit<LoaderOptions, 'imageSize' | 'tubelet' | 'parts'>,
  purpose: BatchPurpose,
): Loader {
  const { imageSize, tubelet } = config;
  return new Loader({ ...options, imageSize, tubelet, parts: partsFor(config, purpose) });
}
