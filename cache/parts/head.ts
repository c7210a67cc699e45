import { join } from 'node:path';
import { whereWritten } from '../folder/lock.js';
import {
  MANIFEST_FILE,
  manifestDigest,
  readManifest,
  type Manifest,
} from '../manifest/manifest.js';
import { isPartBegun } from '../merge/parts.js';

/** The newest state that a part was brought to. */
export interface PartHead {
  readonly manifest: Manifest;
  /** 12 hex digits of the manifest's digest: what an attempt that builds on it is called by. */
  readonly id: string;
  /** Its list was come to the end of. Only a part of an earlier avme can have a head that is not. */
  readonly finished: boolean;
  /** Whether it is what `manifest.json` holds; its writer may have been killed before that. */
  readonly published: boolean;
}

/** The file that says what a commit was followed by; made once and never changed. */
export const successorFile = (id: string) => `next-${id}.json`;

export const commitId = (manifest: Manifest) => manifestDigest(manifest).slice(0, 12);

/** What an earlier avme left may be written still, or its run was stopped: it is marked beside. */
async function isFinished(part: string, { attempt, sealed }: Manifest): Promise<boolean> {
  if (attempt !== undefined) return true;
  return sealed && !(await isPartBegun(part)) && (await whereWritten(part)) === null;
}

/** @returns undefined when nothing was committed yet @throws CacheError when it is damaged */
export async function readHead(part: string): Promise<PartHead | undefined> {
  const first = await readManifest(part);
  if (first === undefined) return undefined;
  let manifest = first;
  for (let file = MANIFEST_FILE; ;) {
    file = successorFile(commitId(manifest));
    const next = await readManifest(part, file);
    if (next === undefined) break;
    manifest = next;
  }
  const finished = await isFinished(part, manifest);
  return { manifest, id: commitId(manifest), finished, published: manifest === first };
}

/** Where the quarantine of a part lies: in the folder of the attempt that made the commit. */
export const quarantineFolder = (part: string, { attempt }: Manifest) =>
  attempt === undefined ? part : join(part, attempt);
