import { access, constants, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CacheError } from '../manifest/manifest.js';
import { fileWords } from './file-words.js';

/** The nearest folder above that is there. */
async function nearest(folder: string): Promise<string> {
  const above = dirname(folder);
  const there = await access(above).then(
    () => true,
    () => false,
  );
  return there || above === folder ? above : nearest(above);
}

/** Makes a folder with all above it. @throws CacheError saying why it cannot */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const above = await nearest(folder);
    // On a disk that is read-only, Node speaks of a missing folder.
    const reason = await access(above, constants.W_OK).then(
      () => cause as Error,
      (error: unknown) => error as Error,
    );
    throw new CacheError(
      `the folder ${folder} cannot be made: ${fileWords(reason, above) ?? reason.message}`,
      { cause },
    );
  }
}
