import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../folder/atomic-file.js';
import {
  MANIFEST_FILE,
  manifestText,
  type CacheIdentity,
  type Manifest,
} from '../manifest/manifest.js';
import { endPart } from '../merge/parts.js';
import { joinShards } from '../merge/shards.js';
import { statisticsOf } from '../shard/set.js';
import { createOnly, writeDurably } from './create-only.js';
import { readHead, successorFile, type PartHead } from './head.js';
import type { UsableCache } from './known.js';

/** What a commit is made of. */
export interface PartCommit {
  /** Folder of the part. */
  readonly part: string;
  /** Name of the attempt. */
  readonly attempt: string;
  /** What it builds on; undefined: nothing. */
  readonly head: PartHead | undefined;
  /** The attempt itself and the others whose sealed shards it takes over. */
  readonly sources: readonly UsableCache[];
  readonly identity: CacheIdentity;
}

/** Lets `manifest.json` say what the newest commit says, for those who do not follow the commits. */
export async function publishHead(part: string): Promise<void> {
  const head = await readHead(part);
  if (head === undefined || head.published) return;
  const temporary = join(part, `${MANIFEST_FILE}.${randomUUID()}`);
  try {
    await writeDurably(temporary, manifestText(head.manifest));
    await rename(temporary, join(part, MANIFEST_FILE));
    await syncFolder(part);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Makes the sealed shards of an attempt the state of its part: by a file that is created once, so
 * that of several attempts that build on the same commit exactly one counts.
 * @returns false when another attempt was first; then nothing has changed
 * @throws CacheError when a shard is damaged
 */
export async function commitAttempt(commit: PartCommit): Promise<boolean> {
  const { part, attempt, head, sources, identity } = commit;
  const { shards } = await joinShards(part, head?.manifest, sources, identity, {
    parts: sources.map(({ folder }) => folder),
    sealedOnly: true,
  });
  const manifest: Manifest = {
    ...identity,
    sealed: true,
    samples: shards.reduce((sum, { samples }) => sum + samples, 0),
    shards,
    attempt,
    statistics: statisticsOf(part, { shape: identity.shape, shards }),
  };
  const file = join(part, attempt, 'commit.json');
  await writeDurably(file, manifestText(manifest));
  await syncFolder(join(part, attempt));
  const name = head === undefined ? MANIFEST_FILE : successorFile(head.id);
  if (!(await createOnly(file, join(part, name)))) return false;
  if (head !== undefined) {
    await publishHead(part);
    // The mark of an earlier avme: this commit is whole.
    await endPart(part);
  }
  return true;
}
