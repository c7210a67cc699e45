import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPartAddable } from '../../cache/folder/addable.js';
import { makeFolder } from '../../cache/folder/make-folder.js';
import { cacheIdentity } from '../../cache/manifest/manifest.js';
import { partFolder, type CachePart } from '../../cache/merge/parts.js';
import { beginAttempt, type Attempt, type AttemptOutcome } from '../../cache/parts/attempt.js';
import type { CacheWriterOptions } from '../../cache/writer.js';

/** File systems that lie on another machine, as Linux numbers them: LMDB must not write there. */
const REMOTE: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
  0x00c36400, // Ceph
  0x19830326, // BeeGFS
  0x01021997, // 9P
  0x5346414f, // AFS
  0x65735546, // FUSE
]);

async function isRemote(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  return REMOTE.has((await statfs(folder)).type >>> 0);
}

/**
 * Begins an attempt at a part of a cache.
 * @param scratch folder to write in; null: the system's temporary one where the cache lies on another
 *   machine, else in the part itself
 * @returns null where the cache is made as a whole
 * @throws CacheError when there could be no joining the part with what is there
 */
export async function attemptAt(
  cache: string,
  part: CachePart | null,
  kind: CacheWriterOptions,
  scratch: string | null,
): Promise<Attempt | null> {
  if (part === null) return null;
  await checkPartAddable(cache, cacheIdentity(kind.configuration, kind.tools, kind.shape));
  const folder = join(cache, partFolder(part));
  await makeFolder(folder);
  return beginAttempt(folder, kind, scratch ?? ((await isRemote(folder)) ? tmpdir() : null));
}

/**
 * Brings an attempt whose cache is sealed to its end.
 * @param stopped the run did not come to the end of its list
 * @returns undefined for a cache that is made as a whole, and when it was stopped
 */
export async function endAttempt(
  attempt: Attempt | null,
  stopped: boolean,
): Promise<AttemptOutcome | undefined> {
  if (!stopped) return attempt?.commit();
  await attempt?.leave();
  return undefined;
}
