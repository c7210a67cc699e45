import type { AttemptOutcome } from '../../cache/parts/attempt.js';
import type { SourceKind } from '../../stages/source/video-source.js';
import type { StageCounters } from '../../stages/stream.js';

/** What a run of preprocessing came to. */
export interface PreprocessSummary {
  /** Videos (or segments) in the source that were looked at. */
  readonly videos: number;
  /** Clips of these videos, those in quarantine not counted. */
  readonly clips: number;
  readonly written: number;
  /** Clips that were in the cache already, duplicates among them. */
  readonly skipped: number;
  /** Videos in quarantine, and lines of the list that are wrong. */
  readonly quarantined: number;
  readonly seconds: number;
  /** The signal ended it; the cache is good, and the next run goes on. */
  readonly interrupted: boolean;
  /** Of a part: whether this run's work is what counts; not there when it was stopped. */
  readonly outcome?: AttemptOutcome;
}

/** How one stage of a run gets on: the one that is busy all the time is what the others wait for. */
export interface StageReport extends Omit<Readonly<StageCounters>, 'concurrency'> {
  /** Records that it works on at once, at most: its concurrency, under its name in the JSON output. */
  readonly places: number;
  readonly itemsPerSecond: number;
  /** Of the time that all its places together had, 0 to 1; waiting for ffmpeg counts as being busy. */
  readonly busyShare: number;
}

/** @param seconds since the run began */
export function stageReport(counters: Readonly<StageCounters>, seconds: number): StageReport {
  const span = Math.max(seconds, 1e-9);
  const { concurrency: places, ...counts } = counters;
  const { items, busySeconds } = counts;
  return {
    ...counts,
    places,
    itemsPerSecond: items / span,
    busyShare: busySeconds / (span * places),
  };
}

/** How far a run is. */
export interface PreprocessProgress extends Omit<PreprocessSummary, 'interrupted'> {
  /** Videos that are done with, whatever became of them. */
  readonly done: number;
  /** Videos in the source. */
  readonly total: number;
  /** In the order in which a video passes them. */
  readonly stages: readonly StageReport[];
}

/** What happens in a run of preprocessing. */
export type PreprocessEvent =
  | { readonly event: 'start'; readonly kind: SourceKind; readonly total: number; readonly ignored: Readonly<Record<string, number>>; readonly wrongLines: number }
  | ({ readonly event: 'progress' } & PreprocessProgress)
  | { readonly event: 'quarantined'; readonly path: string; readonly stage: string; readonly cause: string; readonly detail: string }
  /** The clips to be made will hardly find room: about so many bytes where so many are free. */
  | { readonly event: 'space'; readonly bytes: number; readonly freeBytes: number }
  /** A file with the same content as another one of this run: it is left out. */
  | { readonly event: 'duplicate'; readonly path: string; readonly of: string }; // prettier-ignore

/** Counts what becomes of the videos of a run. */
export class Tally {
  videos = 0;
  clips = 0;
  written = 0;
  skipped = 0;
  done = 0;
  /** Ids of the entries in quarantine. */
  readonly quarantined = new Set<string>();
  /** Lines of the list that are wrong and too many to be named. */
  unnamed = 0;
  readonly #start = performance.now();

  counts() {
    return {
      videos: this.videos,
      clips: this.clips,
      written: this.written,
      skipped: this.skipped,
      quarantined: this.quarantined.size + this.unnamed,
      seconds: (performance.now() - this.#start) / 1000,
    };
  }
}
