import type { VideoEntry } from '../cache/index.js';

/** A list of videos that can be walked any number of times, in the same order each time. */
export interface VideoSource {
  readonly kind: 'folder' | 'jsonl';
  /** The folder or the list, absolute. */
  readonly path: string;
  /**
   * Walks the list; memory does not grow with its length.
   * @param ignored called for each file that is passed over, with its extension
   */
  entries(ignored?: (extension: string) => void): AsyncIterable<VideoEntry>;
}
