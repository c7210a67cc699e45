import { availableParallelism } from 'node:os';
import type { CacheReader } from '../../cache/reader.js';
import type { ClipShape } from '../../cache/records.js';
import type { BlockOptions } from '../../cache/order/blocks.js';
import { MAX_CLIPS } from './slots.js';
import { checkParts, WHOLE_CLIP, type ClipParts, type AudioChoice } from '../batch/clip-parts.js';
import type { AudioStatistics } from '../batch/audio-statistics.js';
import type { DrawOptions } from './workers/messages.js';

/** A cache, or a part of one, that samples come from. */
export interface LoaderSource {
  /** Open as long as the loader is, and closed by its opener. */
  readonly reader: CacheReader;
  /** Which of its samples, e.g. of `selectSamples`; default all. */
  readonly indices?: readonly number[] | undefined;
  /** How often an epoch shows each of them; default 1. */
  readonly repeat?: number | undefined;
  /** Share of the places relative to the other sources'; given for all or for none. */
  readonly weight?: number | undefined;
}

export const ORDERS = ['global', 'blocks'] as const;
/** How an epoch orders its samples. */
export type SampleOrder = (typeof ORDERS)[number] | ({ readonly kind: 'blocks' } & BlockOptions);

export interface LoaderOptions extends DrawOptions {
  /** At least one; all with the same shape. */
  readonly sources: readonly LoaderSource[];
  /** Clips a batch. */
  readonly batch: number;
  /** Side of the frames that the model takes, in pixels; default that of the caches. */
  readonly imageSize?: number | undefined;
  /** Frames a tubelet spans; default 2. */
  readonly tubelet?: number | undefined;
  /** What of each clip is wanted; default all frames and the MFCC. */
  readonly parts?: ClipParts | undefined;
  /**
   * Default `own`. `shuffled`: each video is heard with the sound of another one of its source, the same
   * as long as the seed and the chosen samples are; the headers of all are read for it.
   */
  readonly sound?: AudioChoice | undefined;
  /**
   * `global`, the default: an epoch is one shuffle of all samples. `blocks`: a shuffle that needs few
   * shards at a time, each once an epoch, for caches on slow or distant disks. See `blockOrders`.
   */
  readonly order?: SampleOrder | undefined;
  /** By what sound is standardised; default what the cache says that a clip is from. */
  readonly statistics?: AudioStatistics | undefined;
  /** Threads; 0: the calling one does the work between its own. Default one less than there are cores, 1 to 4. */
  readonly workers?: number | undefined;
  /** Batches in memory: read ahead, or leased. Default 3. */
  readonly slots?: number | undefined;
  /** This process's number, and that of all: each place is one process's. Default 0 of 1. */
  readonly rank?: number | undefined;
  readonly world?: number | undefined;
  /** What to do about a record that is damaged: an error, or another sample in its place. Default `stop`. */
  readonly onBadRecord?: 'stop' | 'skip' | undefined;
  /** Closes the loader; whoever waits for a batch gets its reason. */
  readonly signal?: AbortSignal | undefined;
}

export const defaultWorkers = (): number => Math.min(4, Math.max(1, availableParallelism() - 1));

function whole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(
      `loader: ${name} is ${value}; it must be a whole number, ${least} to ${most}`,
    );
}

/** What must be the same for clips of several caches to lie in one batch. */
const COMMON = ['frames', 'size', 'positions', 'mfccFrames', 'cepstra'] as const satisfies readonly (keyof ClipShape)[]; // prettier-ignore

/** @throws RangeError naming what differs */
function checkShapes(sources: readonly LoaderSource[], parts: ClipParts): ClipShape {
  const [first, ...others] = sources.map(({ reader }) => reader.manifest.shape);
  if (first === undefined) throw new RangeError('loader: got no cache to load from');
  others.forEach((shape, i) => {
    const common = parts.melPatch !== null ? ([...COMMON, 'melBands'] as const) : COMMON;
    const names = common.filter((name) => shape[name] !== first[name]);
    if (names.length > 0)
      throw new RangeError(
        `loader: cache ${i + 2} does not go together with the first: ` +
          names
            .map((name) => `${name} is ${shape[name] ?? 'none'}, not ${first[name] ?? 'none'}`)
            .join(', '),
      );
  });
  checkParts(first, parts);
  return first;
}

/** @throws RangeError naming what is not there for each cepstrum, or each band */
function checkStatistics({ cepstra, melBands }: ClipShape, statistics?: AudioStatistics): void {
  const wanted = { mfcc: cepstra, mel: melBands } as const;
  for (const name of ['mfcc', 'mel'] as const) {
    const given = statistics?.[name];
    if (given !== undefined && wanted[name] !== undefined && given.mean.length !== wanted[name])
      throw new RangeError(
        `loader: statistics.${name} are of ${given.mean.length} columns, the caches have ${wanted[name]}`,
      );
  }
}

/** The options with their defaults. @throws RangeError naming what is wrong */
export function completeOptions(options: LoaderOptions) {
  const { parts = WHOLE_CLIP, sound = 'own' } = options;
  const shape = checkShapes(options.sources, parts);
  const { imageSize = shape.size, tubelet = 2, workers = defaultWorkers(), slots = 3 } = options;
  const { rank = 0, world = 1, onBadRecord = 'stop', batch } = options;
  checkStatistics(shape, options.statistics);
  whole('batch', batch, 1, MAX_CLIPS);
  whole('imageSize', imageSize, 4, 4096);
  whole('tubelet', tubelet, 1, shape.frames);
  whole('workers', workers, 0, 64);
  whole('slots', slots, 1, 64);
  whole('world', world, 1, 2 ** 20);
  whole('rank', rank, 0, world - 1);
  if (shape.frames % tubelet !== 0)
    throw new RangeError(`loader: ${shape.frames} frames are no whole tubelets of ${tubelet}`);
  return {
    ...options,
    parts,
    sound,
    shape,
    imageSize,
    tubelet,
    workers,
    slots,
    rank,
    world,
    onBadRecord,
  };
}
export type CompleteOptions = ReturnType<typeof completeOptions>;
