import type { Sample, VideoEntry } from '../../cache/records.js';
import type { StageCounters } from '../../stages/stream.js';
import type { ClipOptions } from './clip-options.js';

/** Which clips of a video are made: some of those that are spread evenly over it, or sliding ones. */
export type ClipChoice =
  | { readonly kind: 'spread'; readonly clips: number; readonly chosen: readonly number[] }
  | { readonly kind: 'sliding'; readonly every: number };

/** What the thread is told at its start. */
export interface ClipSetup {
  readonly options: ClipOptions;
  readonly choice: ClipChoice;
  /** Videos, and clips, that are worked on at once. */
  readonly jobs: number;
  /** Clips that are read ahead, at most. */
  readonly ahead: number;
  readonly timeout?: number | undefined;
  readonly memory?: number | undefined;
}

/** Why nothing came of a video, or of one of its clips. */
export interface ClipFailure {
  /** `[start, end)` of the clip in seconds; none where it is the whole video that failed. */
  readonly span?: readonly [number, number] | undefined;
  readonly stage: string;
  readonly cause: string;
  readonly detail: string;
}

/** Entries are known by numbers, from 0 in the order of the list. */
export type ToThread =
  | { readonly kind: 'entry'; readonly number: number; readonly entry: VideoEntry }
  /** There are no more entries. */
  | { readonly kind: 'last' }
  /** A clip was taken: another may be sent. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'stop' };

export type FromThread =
  /** An entry was taken: another may be sent. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'clip'; readonly number: number; readonly sample: Sample }
  | { readonly kind: 'failed'; readonly number: number; readonly failure: ClipFailure }
  | { readonly kind: 'end'; readonly stages: readonly StageCounters[] };

/** Entries that wait in the thread. */
export const ENTRIES_AHEAD = 32;
