import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { folderSource } from './source-folder.js';
import { jsonlSource } from './source-jsonl.js';
import type { VideoSource } from './video-source.js';

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
