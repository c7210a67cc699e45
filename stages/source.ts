import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { VideoEntry } from '../cache/records.js';
import { folderSource } from './source-folder.js';
import { jsonlSource } from './source-jsonl.js';

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

/**
 * Opens a folder of videos or a JSONL list, whichever is at `path`.
 * @throws Error when there is nothing at `path`, or something else
 */
export async function openSource(path: string): Promise<VideoSource> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `there is no folder or list at ${path}; give a folder of videos or a .jsonl list`
        : `cannot read ${path}: ${(error as Error).message}`,
    );
  });
  if (found.isDirectory()) return folderSource(absolute);
  if (/\.(jsonl|ndjson)$/i.test(absolute)) return jsonlSource(absolute);
  throw new Error(`${path} is neither a folder nor a .jsonl list; put the video into a folder`);
}
