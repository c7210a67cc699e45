import { join } from 'node:path';
import { assertSameKind } from '../folder/addable.js';
import {
  CacheError,
  readManifest,
  type CacheIdentity,
  type Manifest,
} from '../manifest/manifest.js';
import { UnavailableError } from '../open-files.js';
import { openShardFile } from '../shard/open.js';
import { baseOfAttempt, listAttempts, NO_COMMIT } from './attempt-name.js';
import type { PartHead } from './head.js';

/** A cache whose sealed shards can be used. */
export interface UsableCache {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Keys of the samples in the sealed shards of a cache. @throws CacheError when one is damaged */
export async function sealedKeys(
  { folder, manifest }: UsableCache,
  identity: CacheIdentity,
): Promise<string[]> {
  const keys: string[] = [];
  for (const entry of manifest.shards) {
    if (!entry.sealed) continue;
    const shard = openShardFile(join(folder, entry.file), entry, identity);
    for (const { key } of shard.rows) keys.push(key);
    await shard.close();
  }
  return keys;
}

/** Other attempts at the same step of a part, with what they have sealed: nobody changes that any more. */
export interface OtherAttempt extends UsableCache {
  readonly keys: readonly string[];
}

/**
 * The attempts that build on the same commit as a new one would. Whether their writers still run does
 * not matter: sealed shards stay as they are, and are not pruned before the part has gone on.
 * @throws CacheError when one was made with other settings
 */
export async function otherAttempts(
  part: string,
  head: PartHead | undefined,
  identity: CacheIdentity,
): Promise<OtherAttempt[]> {
  const found: OtherAttempt[] = [];
  for (const name of await listAttempts(part)) {
    if (baseOfAttempt(name) !== (head?.id ?? NO_COMMIT)) continue;
    const folder = join(part, name);
    // Damaged, or half copied: what it would have given is made again.
    const manifest = await unlessDamaged(() => readManifest(folder));
    if (manifest === undefined) continue;
    assertSameKind(folder, manifest, identity);
    const shards = manifest.shards.filter(({ sealed }) => sealed);
    const usable = { folder, manifest: { ...manifest, shards } };
    const keys = await unlessDamaged(() => sealedKeys(usable, identity));
    if (keys !== undefined) found.push({ ...usable, keys });
  }
  return found;
}

async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CacheError) || error instanceof UnavailableError) throw error;
    return undefined;
  }
}
