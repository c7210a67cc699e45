import { link, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { syncFolder } from '../folder/atomic-file.js';
import { CacheError } from '../manifest/manifest.js';

/** Writes a file that nobody else writes, down to the disk. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Gives a file a second name, unless something has that name already: of any number of processes, on
 * any machines that share the folder, one succeeds.
 * @returns whether this one did
 * @throws CacheError where the file system has no hard links
 */
export async function createOnly(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST')
      throw new CacheError(
        `${basename(name)} cannot be made in ${dirname(name)}: ${message}` +
          (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code ?? '')
            ? '; the file system has no hard links, which tell several writers apart: put the cache on another one'
            : ''),
        { cause: error },
      );
    // NFS may have done it, lost the answer and asked again: then the file has two names.
    if ((await stat(file)).nlink < 2) return false;
  }
  await syncFolder(dirname(name));
  return true;
}
