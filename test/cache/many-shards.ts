import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { existingManifest, writeManifest, type ShardEntry } from '../../cache/manifest/manifest.js';
import { indexPath } from '../../cache/shard/shard-index.js';
import { statisticsOf } from '../../cache/shard/set.js';
import { shardFile } from '../../cache/shard/shard.js';
import { openCacheWriter, type CacheWriterOptions } from '../../cache/writer.js';
import { makeSample } from './support.js';

const maskOf = (positions: number, number: number) =>
  Uint8Array.from({ length: positions }, (_, i) => ((i + number) % 4 === 0 ? 0 : 1));

/**
 * Makes a sealed cache of so many shards. Two samples and two shards are real; the other shards are
 * further names of them (hard links): to write them all would take minutes of fsync.
 */
export async function makeManyShards(
  folder: string,
  shards: number,
  options: CacheWriterOptions,
): Promise<void> {
  const writer = await openCacheWriter(folder, { ...options, shardBytes: 1 });
  // The masks of all clips hide as many positions.
  for (let i = 0; i < 2; i++)
    await writer.put({ ...makeSample(i, options.shape), mask: maskOf(options.shape.positions, i) });
  await writer.seal();
  const manifest = await existingManifest(folder);
  const entries: ShardEntry[] = [...manifest.shards];
  for (let i = entries.length; i < shards; i++) {
    const twin = entries[i % 2]!;
    const [from, to] = [join(folder, twin.file), join(folder, shardFile(i))];
    await link(from, to);
    await link(indexPath(from), indexPath(to));
    entries.push({ ...twin, file: shardFile(i) });
  }
  const samples = entries.reduce((sum, entry) => sum + entry.samples, 0);
  const statistics = statisticsOf(folder, { shape: manifest.shape, shards: entries });
  await writeManifest(folder, { ...manifest, shards: entries, samples, statistics });
}
