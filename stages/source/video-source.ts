import type { VideoEntry } from '../../cache/records.js';
import type { LineError } from './lists/line-error.js';

/** The forms in which a data set may name its videos. */
export const SOURCE_KINDS = [
  'folder',
  'jsonl',
  'table',
  'csv',
  'ucf101',
  'kinetics',
  'ssv2',
] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** A list of videos that can be walked any number of times, in the same order each time. */
export interface VideoSource {
  readonly kind: SourceKind;
  /** The folder or the list, absolute. */
  readonly path: string;
  /** The folder that the videos are looked for in, absolute. */
  readonly root: string;
  /**
   * Walks the list; memory does not grow with its length.
   * @param ignored called for each file that is passed over, with its extension
   * @param wrong called for each line that is wrong, which is then passed over; without it the first
   *   one ends the walk, and a list in which no line is right always does
   */
  entries(
    ignored?: (extension: string) => void,
    wrong?: (line: LineError) => void,
  ): AsyncIterable<VideoEntry>;
  /** Names the file that an entry is cut from, the same on every machine that has the source. */
  fileOf(entry: VideoEntry): string;
}
