import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { CAUSES } from '../causes.js';
import { StageError } from '../stage-error.js';

const MEANINGS: Record<string, string> = {
  ENOENT: CAUSES.missing,
  EACCES: CAUSES.forbidden,
  EPERM: CAUSES.forbidden,
  ENOTDIR: CAUSES.noFolder,
  ELOOP: CAUSES.linkCircle,
  ENAMETOOLONG: CAUSES.longName,
  ERR_INVALID_ARG_VALUE: CAUSES.nullName,
  EIO: CAUSES.diskError,
};

/** Bytes read at once. */
const CHUNK = 1 << 18;
/** Buffers of files that are done with: new ones for each file make the garbage collector run. */
const idle: Buffer[] = [];

/** @throws StageError (stage `read`) in plain words where the file is to blame */
async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const cause = MEANINGS[(error as NodeJS.ErrnoException).code ?? ''];
    if (cause === undefined) throw error;
    throw new StageError('read', cause, (error as Error).message);
  }
}

/**
 * What is another one whenever the file was written, or replaced by another.
 * @throws StageError (stage `read`) when the file is missing, no file, or empty
 */
export function fileVersion(path: string): Promise<string> {
  return reading(async () => {
    const found = await stat(path, { bigint: true });
    // To open a pipe would wait for ever.
    if (!found.isFile()) throw new StageError('read', CAUSES.noFile);
    if (found.size === 0n) throw new StageError('read', CAUSES.empty);
    return [found.dev, found.ino, found.size, found.mtimeNs].join(' ');
  });
}

/**
 * The identity of a file's content, wherever it lies and whatever it is called.
 * @returns SHA-256, hex
 * @throws StageError (stage `read`) when the file is missing, unreadable or empty
 */
export async function contentHash(path: string, signal?: AbortSignal): Promise<string> {
  await fileVersion(path);
  return reading(async () => {
    const hash = createHash('sha256');
    const file = await open(path);
    const chunk = idle.pop() ?? Buffer.allocUnsafeSlow(CHUNK);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const { bytesRead } = await file.read(chunk, 0, CHUNK);
        if (bytesRead === 0) return hash.digest('hex');
        hash.update(chunk.subarray(0, bytesRead));
      }
    } finally {
      idle.push(chunk);
      await file.close();
    }
  });
}

/**
 * Works on a file that must stay as it was; whatever comes of a file that is not the one that was
 * hashed, that is what is wrong with it.
 * @param version {@link fileVersion} of it before
 * @throws StageError (stage `read`) when the file has changed, or what `work` threw
 */
export async function whileUnchanged<T>(
  path: string,
  version: string,
  work: () => Promise<T>,
): Promise<T> {
  const [result] = await Promise.allSettled([work()]);
  if (result.status === 'rejected' && !(result.reason instanceof StageError)) throw result.reason;
  if ((await fileVersion(path)) !== version) throw new StageError('read', CAUSES.changed);
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}
