import { rename, rm, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { writeCatalogue } from '../catalogue/write.js';
import { canonicalJson } from '../manifest/canonical-json.js';
import { lockForWriting } from '../folder/lock.js';
import {
  CACHE_SCHEMA,
  CacheError,
  readManifest,
  writeManifest,
  type Manifest,
  type ShardEntry,
} from '../manifest/manifest.js';
import { indexPath, writeIndex, type IndexRow } from '../shard/shard-index.js';
import { shardEntries, statisticsOf } from '../shard/set.js';
import { isOwnShard } from '../shard/shard.js';
import type { ShardSums } from '../manifest/statistics.js';
import type { SurveyedShard } from './survey.js';

/** What the verification of a shard came to. */
export interface ShardVerdict {
  readonly shard: SurveyedShard;
  /** Keys of the samples in its rows that are bad. */
  readonly bad: ReadonlySet<string>;
  /** Over those that are good. */
  readonly sums: ShardSums;
}

/** Whether the sums in the manifest are not those of the samples that are good. */
export const sumsDiffer = ({ shard: { entry }, sums }: ShardVerdict) =>
  entry.sums !== null && !isDeepStrictEqual(entry.sums, sums);

const isDamaged = (verdict: ShardVerdict) =>
  verdict.bad.size > 0 ||
  verdict.shard.lost.length > 0 ||
  verdict.shard.problem !== null ||
  sumsDiffer(verdict);

/** Puts a file where no reader looks for it; nothing happens when it is not there. */
async function setAside(path: string): Promise<void> {
  await rm(`${path}.damaged`, { recursive: true, force: true });
  await rename(path, `${path}.damaged`).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  });
}

/** The entry of a shard without its bad samples. @returns undefined when none is left */
async function repaired({ shard, bad, sums }: ShardVerdict): Promise<ShardEntry | undefined> {
  const { entry, path, rows } = shard;
  const good: readonly IndexRow[] = rows.filter(({ key }) => !bad.has(key));
  // Nothing is written into the folder of another cache.
  if (good.length === 0 || (!shard.indexed && !isOwnShard(entry.file))) return undefined;
  const { size: bytes } = await stat(path);
  const sealed = { ...entry, samples: good.length, bytes, sealed: true, sums };
  if (shard.indexed) return { ...sealed, dropped: [...entry.dropped, ...bad].sort() };
  return { ...sealed, index: await writeIndex(path, good), dropped: [] };
}

/**
 * Takes what is bad out of a cache; nothing else changes. Bad samples are left out by the manifest,
 * a shard of which nothing is left is renamed to end in ".damaged". When it is killed at any moment,
 * it can be done again.
 * @returns the new manifest
 * @throws CacheError when the cache was written since it was verified, is being written, or has an
 *   earlier schema
 */
export async function dropBad(
  folder: string,
  verified: Manifest,
  verdicts: readonly ShardVerdict[],
): Promise<Manifest> {
  if (verified.schema !== CACHE_SCHEMA)
    throw new CacheError(
      `${folder} was made by an earlier avme (cache schema ${verified.schema}) and is not written any more; make it anew in another folder`,
    );
  const unlock = await lockForWriting(folder);
  try {
    const now = await readManifest(folder);
    const files = now && (await shardEntries(folder, now)).map(({ file }) => file);
    const known = verdicts.map(({ shard }) => shard.entry.file);
    if (canonicalJson([now, files]) !== canonicalJson([verified, known]))
      throw new CacheError(`${folder} was written while it was verified; verify it again`);
    const shards: ShardEntry[] = [];
    for (const verdict of verdicts) {
      const { entry, path } = verdict.shard;
      const next = isDamaged(verdict) ? await repaired(verdict) : entry;
      if (next !== undefined) shards.push(next);
      else if (isOwnShard(entry.file)) {
        // Before the manifest forgets it: it would be taken for the shard of a killed run.
        await setAside(path);
        for (const beside of [indexPath(path), `${path}-lock`]) await rm(beside, { force: true });
      }
    }
    return await writeRepaired(folder, verified, shards);
  } finally {
    await unlock();
  }
}

async function writeRepaired(
  folder: string,
  verified: Manifest,
  shards: readonly ShardEntry[],
): Promise<Manifest> {
  const sealed = shards.every((shard) => shard.sealed);
  const statistics = sealed ? statisticsOf(folder, { shape: verified.shape, shards }) : null;
  const samples = shards.reduce((sum, shard) => sum + shard.samples, 0);
  const manifest = { ...verified, sealed, samples, shards, statistics };
  await writeManifest(folder, manifest);
  await writeCatalogue(folder, manifest);
  return manifest;
}
