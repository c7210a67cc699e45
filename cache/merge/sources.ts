import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { whereWritten } from '../folder/lock.js';
import {
  CACHE_SCHEMA,
  CacheError,
  compareIdentities,
  readManifest,
  type CacheIdentity,
  type Manifest,
} from '../manifest/manifest.js';
import { listAttempts } from '../parts/attempt-name.js';
import { quarantineFolder, readHead, type PartHead } from '../parts/head.js';

/** A cache that is to be joined with others. */
export interface MergeSource {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Folder of the part; another one for an attempt at it. */
  readonly part: string;
  /** Folder of its quarantine. */
  readonly quarantine: string;
  /** The commit that a part is at, if it was committed. */
  readonly commit: string | null;
}

/** A part that cannot be joined as it is, and why. */
export interface UnfinishedPart {
  readonly folder: string;
  readonly problem: string;
}

/** Where a file of a part is found from the folder of the whole, "/"-separated; null: not inside it. */
export function pathInside(folder: string, path: string): string | null {
  const inside = relative(resolve(folder), resolve(path));
  if (inside === '' || isAbsolute(inside) || inside.split(sep)[0] === '..') return null;
  return inside.split(sep).join('/');
}

const STOPPED = 'is not finished: its run was stopped; run it again with the same options';

/** What keeps a part from being whole. */
async function unfinished(folder: string, head: PartHead): Promise<string | null> {
  if (head.finished) return null;
  return (await whereWritten(folder)) === null
    ? STOPPED
    : 'is being written, or its run was killed on another machine; wait, or run it again';
}

/** What is known of a part that was not committed: nothing, or what attempts have sealed of it. */
async function uncommitted(part: string) {
  const sources: MergeSource[] = [];
  let running = false;
  for (const name of await listAttempts(part)) {
    const folder = join(part, name);
    running ||= (await whereWritten(folder)) !== null;
    const manifest = await readManifest(folder);
    if (manifest !== undefined)
      sources.push({ folder, manifest, part, quarantine: folder, commit: null });
  }
  const problem = running
    ? 'is being written, or its run was killed on another machine; wait, or run it again: another run is safe at any time'
    : sources.length > 0
      ? STOPPED
      : 'is missing, or was not begun: it has no manifest.json';
  return { sources, problem };
}

/** All problems in one message: whoever runs a hundred parts wants to hear of every one of them. */
export function partsError(what: string, problems: readonly string[]): CacheError {
  const shown = problems.slice(0, 20).map((problem) => `\n  ${problem}`);
  const rest =
    problems.length > shown.length ? `\n  and ${problems.length - shown.length} more` : '';
  return new CacheError(`${what}:${shown.join('')}${rest}`);
}

/** @throws CacheError naming every part of other settings, with the differences */
function assertOneKind(identity: CacheIdentity, sources: readonly MergeSource[]): void {
  const problems = sources.flatMap(({ folder, manifest }) => {
    if (manifest.schema !== CACHE_SCHEMA)
      return `${folder} was made by an earlier avme (cache schema ${manifest.schema}); make it anew`;
    if (manifest.fingerprint === identity.fingerprint) return [];
    return `${folder}: ${compareIdentities(identity, manifest).join('; ').replaceAll('cache has', 'the others have').replaceAll('asked for', 'this has')}`;
  });
  if (problems.length > 0) throw partsError('these parts were made with other settings', problems);
}

/**
 * Reads the manifests of the parts.
 * @returns those that can be joined, and those that are missing or not finished; of the latter the
 *   sealed shards can be had
 * @throws CacheError when parts were made with other settings
 */
export async function readParts(
  folders: readonly string[],
): Promise<{ sources: MergeSource[]; unfinished: UnfinishedPart[] }> {
  const sources: MergeSource[] = [];
  const problems: UnfinishedPart[] = [];
  for (const folder of folders) {
    const head = await readHead(folder);
    if (head === undefined) {
      const begun = await uncommitted(folder);
      problems.push({ folder, problem: begun.problem });
      sources.push(...begun.sources);
      continue;
    }
    const { manifest, id } = head;
    const problem = await unfinished(folder, head);
    if (problem !== null) problems.push({ folder, problem });
    const quarantine = quarantineFolder(folder, manifest);
    sources.push({ folder, manifest, part: folder, quarantine, commit: id });
  }
  const [first] = sources;
  if (first !== undefined) assertOneKind(first.manifest, sources);
  return { sources, unfinished: problems };
}
