import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Bytes that are free on the disk of a folder that may not be there yet. */
export async function freeBytes(folder: string): Promise<number> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    try {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (path === dirname(path) || (code !== 'ENOENT' && code !== 'ENOTDIR')) throw error;
    }
  }
}
