import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CacheError,
  RESTORE,
  type CacheIdentity,
  type Manifest,
  type ShardEntry,
} from './manifest.js';
import { listShards, Shard, shardFile } from './shard.js';
import { structureDigest } from './shard-structure.js';

/** What a shard that nobody has sealed yet is in the manifest. */
export const unsealedEntry = (file: string): ShardEntry => ({
  file,
  samples: 0,
  bytes: 0,
  sealed: false,
  structure: null,
});

/** The shards of a cache: those of the manifest, and the one that a run was killed over. */
export async function shardEntries(folder: string, manifest: Manifest): Promise<ShardEntry[]> {
  const listed = new Set(manifest.shards.map(({ file }) => file));
  const others = (await listShards(folder)).map(shardFile).filter((file) => !listed.has(file));
  return [...manifest.shards, ...others.map(unsealedEntry)];
}

/**
 * Checks a shard's file before LMDB maps it, since LMDB would die of what it does not expect.
 * @throws CacheError when it is missing, has not its length, or its structure is damaged
 */
async function checkFile(
  folder: string,
  { file, sealed, bytes, structure }: ShardEntry,
  live: boolean,
): Promise<void> {
  const path = join(folder, file);
  const size = await stat(path).then(
    (found) => found.size,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new CacheError(`${path} is missing, but the manifest lists it; ${RESTORE}`);
    },
  );
  if (sealed) {
    if (size !== bytes)
      throw new CacheError(`${path} has ${size} bytes, the manifest says ${bytes}; ${RESTORE}`);
    if (structureDigest(path) !== structure)
      throw new CacheError(`${path} is damaged, or belongs to another cache; ${RESTORE}`);
    // A shard that grows under our eyes cannot be checked, and its writer has checked it.
  } else if (size > 0 && !live) structureDigest(path);
}

function checkIdentity(shard: Shard, path: string, identity: CacheIdentity): void {
  const found = shard.identity();
  if (found !== undefined && found.fingerprint !== identity.fingerprint)
    throw new CacheError(
      `${path} belongs to another cache (fingerprint ${found.fingerprint.slice(0, 12)}, this one has ${identity.fingerprint.slice(0, 12)}); move it away`,
    );
}

/**
 * Opens a shard to read it.
 * @param live whether another process may be writing the shard
 * @returns undefined when nothing was committed in it yet
 * @throws CacheError when the file is missing, damaged, or belongs to another cache
 */
export async function openShard(
  folder: string,
  identity: CacheIdentity,
  entry: ShardEntry,
  live: boolean,
): Promise<Shard | undefined> {
  const path = join(folder, entry.file);
  await checkFile(folder, entry, live);
  const shard = Shard.openForReading(path);
  if (shard === undefined) return undefined;
  try {
    checkIdentity(shard, path, identity);
    return shard;
  } catch (error) {
    await shard.close();
    throw error;
  }
}
