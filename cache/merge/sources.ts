import { isAbsolute, relative, resolve, sep } from 'node:path';
import { whereWritten } from '../folder/lock.js';
import {
  CACHE_SCHEMA,
  CacheError,
  compareIdentities,
  readManifest,
  type CacheIdentity,
  type Manifest,
} from '../manifest/manifest.js';
import { isPartBegun } from './parts.js';

/** A cache that is to be joined with others. */
export interface MergeSource {
  readonly folder: string;
  readonly manifest: Manifest;
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

/** What keeps a part from being whole. */
async function unfinished({ folder, manifest }: MergeSource): Promise<string | null> {
  if ((await whereWritten(folder)) !== null)
    return 'is being written, or its run was killed on another machine; wait, or run it again';
  if (!manifest.sealed || (await isPartBegun(folder)))
    return 'is not finished: its run was stopped; run it again with the same options';
  return null;
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
    const manifest = await readManifest(folder);
    if (manifest === undefined) {
      problems.push({ folder, problem: 'is missing, or was not begun: it has no manifest.json' });
      continue;
    }
    const source = { folder, manifest };
    const problem = await unfinished(source);
    if (problem !== null) problems.push({ folder, problem });
    sources.push(source);
  }
  const [first] = sources;
  if (first !== undefined) assertOneKind(first.manifest, sources);
  return { sources, unfinished: problems };
}
