import type { CacheIdentity } from '../../../cache/manifest/manifest.js';
import type { ClipShape } from '../../../cache/records.js';
import type { RecordPlace } from '../../../cache/shard/source.js';
import type { AugmentOptions } from '../../augment/augment.js';
import type { BatchSize, MfccStatistics } from '../../batch/batch.js';
import type { ClipParts, MelStatistics, AudioChoice } from '../../batch/clip-parts.js';

/** What is drawn for a clip, and how. */
export interface DrawOptions {
  readonly seed: number;
  /** `epoch`: a new mask each time a clip is seen; `cached`: the one in the cache. */
  readonly mask: 'epoch' | 'cached';
  /** Share of the positions that is masked. */
  readonly maskRatio: number;
  readonly augment: AugmentOptions;
}

/** What of a cache a thread needs to know to read its records. */
export interface SourceFormat {
  readonly schema: CacheIdentity['schema'];
  readonly shape: ClipShape;
  readonly statistics: MfccStatistics;
  /** Where the cache has log-mel spectra. */
  readonly melStatistics: MelStatistics | undefined;
}

/** What does not change as long as a loader is open. */
export interface ClipSetup {
  readonly draw: DrawOptions;
  readonly sources: readonly SourceFormat[];
  readonly size: BatchSize;
  readonly imageSize: number;
  /** Temporal slots of tubelets. */
  readonly temporalSlots: number;
  readonly parts: ClipParts;
  readonly sound: AudioChoice;
}

/** One clip of a batch that is to be filled. */
export interface ClipTask {
  readonly source: number;
  readonly key: string;
  /** What is drawn for the clip is drawn for this number. */
  readonly epoch: number;
  readonly place: RecordPlace;
  /** The sample of the same source whose sound it is heard with, where it is not its own. */
  readonly audioFrom?: { readonly key: string; readonly place: RecordPlace } | undefined;
}

/** A batch that is to be filled; the threads share its clips out among themselves. */
export interface BatchTask {
  readonly slot: number;
  /** Tells this use of the slot from those before. */
  readonly turn: number;
  /** Null: the thread that made the batch sees to this clip itself. */
  readonly clips: readonly (ClipTask | null)[];
}

/** One clip of a batch that is filled anew, since what stood at its place could not be read. */
export interface RefillTask {
  readonly slot: number;
  readonly turn: number;
  readonly clip: number;
  /** Clips of the batch. */
  readonly clips: number;
  readonly task: ClipTask;
}

/** To a thread. */
export type Order =
  | { readonly kind: 'fill'; readonly batch: BatchTask }
  | { readonly kind: 'refill'; readonly refill: RefillTask }
  | { readonly kind: 'close' };

/** From a thread. */
export type Report =
  | { readonly kind: 'ready'; readonly slot: number; readonly turn: number }
  | {
      readonly kind: 'bad';
      readonly slot: number;
      readonly turn: number;
      readonly clip: number;
      readonly message: string;
    };

/** What a thread is started with. */
export interface ThreadData {
  readonly setup: ClipSetup;
  readonly control: SharedArrayBuffer;
  readonly slots: readonly SharedArrayBuffer[];
}
