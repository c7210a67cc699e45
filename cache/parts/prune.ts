import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../manifest/manifest.js';
import { baseOfAttempt, listAttempts } from './attempt-name.js';

/** A part, and the commit that it is at; null: none yet. */
interface PrunedPart {
  readonly part: string;
  readonly manifest: Manifest;
  readonly commit: string | null;
}

/**
 * Deletes attempts that can never count: they build on a commit that the part has gone on from, and
 * it does not use their shards. One that still runs finds that out when it comes to its end.
 * @param isUsed whether somebody else uses what lies in the folder
 * @returns how many were deleted
 */
export async function pruneAttempts(
  parts: readonly PrunedPart[],
  isUsed: (folder: string) => boolean,
): Promise<number> {
  let pruned = 0;
  for (const { part, manifest, commit } of parts) {
    if (commit === null) continue;
    const used = new Set(manifest.shards.map(({ file }) => file.split('/')[0]));
    for (const name of await listAttempts(part)) {
      const folder = join(part, name);
      if (baseOfAttempt(name) === commit || name === manifest.attempt) continue;
      if (used.has(name) || isUsed(folder)) continue;
      await rm(folder, { recursive: true, force: true });
      pruned++;
    }
  }
  return pruned;
}
