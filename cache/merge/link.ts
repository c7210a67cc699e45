import { link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../folder/atomic-file.js';
import { CacheError, type ShardEntry } from '../manifest/manifest.js';
import { indexPath } from '../shard/shard-index.js';
import { SHARD_FOLDER, shardFile } from '../shard/shard.js';

/** @throws CacheError saying why the file cannot have a second name there */
async function linkFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CacheError(
      code === 'EXDEV'
        ? `${from} cannot be linked to ${to}: they lie on different file systems; put the part into the folder of the whole, or a symbolic link to it, and leave out --link`
        : `${from} cannot be linked to ${to}: ${message}; without --link the parts are joined where they are`,
      { cause: error },
    );
  }
}

/** Gives shards of a part a second name in the cache's own folder; nothing is copied. */
export async function linkShard(
  folder: string,
  part: string,
  entry: ShardEntry,
  number: number,
): Promise<ShardEntry> {
  const file = shardFile(number);
  const [from, to] = [join(part, entry.file), join(folder, file)];
  await mkdir(join(folder, SHARD_FOLDER), { recursive: true });
  // A merge that was killed may have left the index of a shard that it did not come to.
  await rm(indexPath(to), { force: true });
  await linkFile(indexPath(from), indexPath(to));
  await linkFile(from, to);
  await syncFolder(join(folder, SHARD_FOLDER));
  return { ...entry, file };
}
