import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCK_FILE } from './lock.js';
import {
  CACHE_SCHEMA,
  CacheError,
  compareIdentities,
  MANIFEST_FILE,
  readManifest,
  type CacheIdentity,
  type Manifest,
} from '../manifest/manifest.js';
import { isPartFolder, listParts, partFolder, PLAN_FOLDER } from '../merge/parts.js';
import { isAttemptFolder, listAttempts } from '../parts/attempt-name.js';
import { QUARANTINE_FILE } from '../quarantine.js';

/**
 * @param mayHold names that the folder may have besides
 * @throws CacheError when there are files in the folder that are not a cache's
 */
export async function assertOurs(
  folder: string,
  mayHold: (name: string) => boolean = () => false,
): Promise<void> {
  const entries = await readdir(folder);
  if (entries.includes(MANIFEST_FILE)) return;
  // What a run may leave that was killed before it wrote its manifest.
  const others = entries.filter(
    (name) =>
      name !== QUARANTINE_FILE &&
      name !== PLAN_FOLDER &&
      !isAttemptFolder(name) &&
      !name.startsWith(LOCK_FILE) &&
      name !== `${MANIFEST_FILE}.tmp` &&
      !mayHold(name),
  );
  const foreign = others.filter((name) => !isPartFolder(name));
  if (foreign.length === 0 && others.length > 0)
    throw new CacheError(
      `${folder} holds ${others.length} parts that are not joined; join them with avme merge ${folder}, or choose another folder for the cache`,
    );
  if (foreign.length > 0)
    throw new CacheError(
      `${folder} is not empty and not an avme cache: it has ${foreign.slice(0, 3).join(', ')} but no ${MANIFEST_FILE}; choose another folder for the cache`,
    );
}

/** @throws CacheError when nothing of this kind can be added to the cache */
export function assertSameKind(folder: string, manifest: Manifest, identity: CacheIdentity): void {
  if (manifest.schema !== CACHE_SCHEMA)
    throw new CacheError(
      `${folder} was made by an earlier avme (cache schema ${manifest.schema}): it can be read, but nothing can be added to it; choose another folder for the cache`,
    );
  if (manifest.fingerprint !== identity.fingerprint)
    throw new CacheError(
      `${folder} was made with other settings; choose another folder for the cache, or ask for the same:\n  ` +
        compareIdentities(manifest, identity).join('\n  '),
    );
}

/**
 * Whether a cache of this kind can be made in a folder, or added to; touches nothing.
 * @param mayHold names that the folder may have besides
 * @returns the manifest that is there
 * @throws CacheError as {@link openCacheWriter}
 */
export async function checkAddable(
  folder: string,
  identity: CacheIdentity,
  mayHold?: (name: string) => boolean,
): Promise<Manifest | undefined> {
  const there = await readdir(folder).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    },
  );
  if (!there) return undefined;
  await assertOurs(folder, mayHold);
  const manifest = await readManifest(folder);
  if (manifest !== undefined) assertSameKind(folder, manifest, identity);
  return manifest;
}

/**
 * Whether a part of this kind can be made in a folder, so that it can be joined later; touches nothing.
 * @throws CacheError when the folder holds other files, or a cache or a part of other settings
 */
export async function checkPartAddable(folder: string, identity: CacheIdentity): Promise<void> {
  // Hundreds of processes begin at once: parts may appear at any moment, where there was no folder even.
  await checkAddable(folder, identity, isPartFolder);
  // One stands for all: joining looks at every part.
  for (const part of (await listParts(folder)).slice(0, 1)) {
    const other = join(folder, partFolder(part));
    const attempts = (await listAttempts(other)).map((name) => join(other, name));
    for (const each of [other, ...attempts]) {
      const manifest = await readManifest(each);
      if (manifest === undefined) continue;
      assertSameKind(each, manifest, identity);
      break;
    }
  }
}
