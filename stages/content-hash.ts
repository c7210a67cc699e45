import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { StageError } from './failure.js';

const MEANINGS: Record<string, string> = {
  ENOENT: 'the file does not exist',
  EACCES: 'the file cannot be read: permission denied',
  EPERM: 'the file cannot be read: permission denied',
  ENOTDIR: 'a part of its path is not a folder',
  ELOOP: 'its path is a circle of links',
  ENAMETOOLONG: 'its name is too long',
  ERR_INVALID_ARG_VALUE: 'no file can have this name: there is a null character in it',
  EIO: 'the disk reports a read error',
};

/**
 * The identity of a file's content, wherever it lies and whatever it is called.
 * @returns SHA-256, hex
 * @throws StageError (stage `read`) when the file is missing, unreadable or empty
 */
export async function contentHash(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    const found = await stat(path);
    // To open a pipe would wait for ever.
    if (!found.isFile()) throw new StageError('read', 'it is no ordinary file');
    if (found.size === 0) throw new StageError('read', 'the file is empty');
    const file = createReadStream(path, { highWaterMark: 1 << 20 });
    await pipeline(file, hash, signal === undefined ? {} : { signal });
  } catch (error) {
    const cause = MEANINGS[(error as NodeJS.ErrnoException).code ?? ''];
    if (cause === undefined) throw error;
    throw new StageError('read', cause, (error as Error).message);
  }
  return hash.digest('hex');
}
