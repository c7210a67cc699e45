import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Fills a folder beside the one that is wanted, and puts it in that one's place once it is whole: an
 * interrupted run leaves nothing that would be taken for whole.
 * @param fill is given the folder to fill, which is there and empty
 */
export async function replaceWhole<T>(
  folder: string,
  fill: (begun: string) => Promise<T>,
): Promise<T> {
  const begun = `${folder}.partial-${process.pid}`;
  await mkdir(begun, { recursive: true });
  try {
    const made = await fill(begun);
    await mkdir(dirname(folder), { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(begun, folder);
    return made;
  } finally {
    await rm(begun, { recursive: true, force: true });
  }
}
