import { join } from 'node:path';
import { LiveShard } from './live-shard.js';
import type { CacheIdentity, Manifest, ShardEntry } from '../manifest/manifest.js';
import { openShardFile } from './open.js';
import type { ShardSource } from './source.js';
import { readIndex } from './shard-index.js';
import { listShards, shardFile } from './shard.js';
import { StatisticsFold, type Statistics } from '../manifest/statistics.js';

/** What a shard that nobody has sealed yet is in the manifest. */
export const unsealedEntry = (file: string): ShardEntry => ({
  file,
  samples: 0,
  bytes: 0,
  sealed: false,
  index: null,
  sums: null,
  dropped: [],
});

/** The shards of a cache: those of the manifest, and the one that a run was killed over. */
export async function shardEntries(folder: string, manifest: Manifest): Promise<ShardEntry[]> {
  const listed = new Set(manifest.shards.map(({ file }) => file));
  const others = (await listShards(folder)).map(shardFile).filter((file) => !listed.has(file));
  return [...manifest.shards, ...others.map(unsealedEntry)];
}

/**
 * Opens a shard to read it.
 * @param live whether another process may be writing the shard
 * @returns undefined when nothing was committed in it yet
 * @throws CacheError when the file is missing, damaged, or belongs to another cache
 */
export function openShard(
  folder: string,
  identity: CacheIdentity,
  entry: ShardEntry,
  live: boolean,
): ShardSource | undefined {
  const path = join(folder, entry.file);
  if (live && !entry.sealed) return LiveShard.open(path, identity);
  const shard = openShardFile(path, entry, identity);
  if (entry.sealed || shard.rows.length > 0) return shard;
  void shard.close();
  return undefined;
}

/** The statistics over all samples of the sealed shards. @throws CacheError when an index cannot be read */
export function statisticsOf(
  folder: string,
  { shape, shards }: Pick<Manifest, 'shape' | 'shards'>,
): Statistics {
  const fold = new StatisticsFold(shape);
  for (const { file, index, sums, dropped } of shards) {
    if (index === null || sums === null) continue;
    const gone = new Set(dropped);
    const rows = readIndex(join(folder, file), index);
    fold.addShard(
      sums,
      rows.filter(({ key }) => !gone.has(key)),
    );
  }
  return fold.result();
}
