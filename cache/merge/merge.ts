import { mkdir } from 'node:fs/promises';
import { writeCatalogue } from '../catalogue/write.js';
import { assertOurs, assertSameKind } from '../folder/addable.js';
import { lockForWriting } from '../folder/lock.js';
import {
  CacheError,
  readManifest,
  writeManifest,
  type CacheIdentity,
  type Manifest,
} from '../manifest/manifest.js';
import { pruneAttempts } from '../parts/prune.js';
import { isPartFolder } from './parts.js';
import { mergeQuarantines, readQuarantines } from './quarantine.js';
import { joinShards, outside } from './shards.js';
import { partsError, pathInside, readParts, type UnfinishedPart } from './sources.js';
import type { SampleEntry } from '../records.js';
import { statisticsOf } from '../shard/set.js';

export interface MergeOptions {
  /** Give the shards of the parts a second name in the folder (hard links), so that the parts can be deleted. */
  readonly link?: boolean;
  /** Join what there is of parts that are missing or not finished. */
  readonly partial?: boolean;
  /** Told of every sample that is in two parts. */
  readonly onDuplicate?: (left: SampleEntry, kept: SampleEntry) => void;
}

export interface MergeResult {
  readonly manifest: Manifest;
  /** Parts that were joined. */
  readonly parts: number;
  /** Parts that are missing or not finished; only with `partial`. */
  readonly unfinished: readonly UnfinishedPart[];
  /** Samples that were in two parts and are kept once. */
  readonly duplicates: number;
  /** Videos in quarantine. */
  readonly quarantined: number;
  /** Attempts at parts that did not count and can never count; they were deleted. */
  readonly pruned: number;
}

const identityOf = ({ format, schema, fingerprint, configuration, tools, shape }: Manifest): CacheIdentity => ({ format, schema, fingerprint, configuration, tools, shape }); // prettier-ignore

/** Whether the joined cache, as it was before, has shards in a folder: readers may be at them. */
function isUsed(folder: string, before: Manifest | undefined, path: string): boolean {
  const inside = pathInside(folder, path);
  return before?.shards.some(({ file }) => inside !== null && file.startsWith(`${inside}/`)) ?? false; // prettier-ignore
}

/**
 * Makes one cache of several without copying data: its manifest refers to the parts' shards where
 * they lie, inside its folder. Can be done again when parts have grown; samples that were added to
 * the joined cache itself stay.
 * @param folder of the joined cache; made when it is not there
 * @param parts folders of the caches to join
 * @throws CacheError when parts are missing, not finished, of other settings or outside the folder;
 *   then nothing has changed
 */
export async function mergeCaches(
  folder: string,
  parts: readonly string[],
  options: MergeOptions = {},
): Promise<MergeResult> {
  const { sources, unfinished } = await readParts(parts);
  if (unfinished.length > 0 && options.partial !== true)
    throw partsError(
      `${unfinished.length} of ${parts.length} parts cannot be joined yet`,
      unfinished.map((part) => `${part.folder} ${part.problem}`),
    );
  const [first] = sources;
  if (first === undefined) throw new CacheError(`there is no finished part to join in ${folder}`);
  const apart = sources.find((source) => pathInside(folder, source.folder) === null);
  if (apart !== undefined && options.link !== true) throw outside(folder, apart.folder);
  await mkdir(folder, { recursive: true });
  const given = new Set(parts.map((part) => pathInside(folder, part)?.split('/')[0]));
  await assertOurs(folder, (name) => isPartFolder(name) || given.has(name));
  const identity = identityOf(first.manifest);
  const unlock = await lockForWriting(folder);
  try {
    const before = await readManifest(folder);
    if (before !== undefined) assertSameKind(folder, before, identity);
    const folders = sources.map(({ quarantine }) => quarantine);
    const known = await readQuarantines(folder, folders);
    const { shards, duplicates, made } = await joinShards(folder, before, sources, identity, {
      ...options,
      parts,
      ids: new Set([...known.own, ...known.parts].map(({ id }) => id)),
    });
    const manifest: Manifest = {
      ...identity,
      sealed: true,
      samples: shards.reduce((sum, { samples }) => sum + samples, 0),
      shards,
      statistics: statisticsOf(folder, { shape: identity.shape, shards }),
    };
    await writeManifest(folder, manifest);
    await writeCatalogue(folder, manifest);
    const quarantined = await mergeQuarantines(folder, known, made);
    const pruned = await pruneAttempts(sources, (path) => isUsed(folder, before, path));
    const joined = new Set(sources.map(({ part }) => part)).size;
    return { manifest, parts: joined, unfinished, duplicates, quarantined, pruned };
  } finally {
    await unlock();
  }
}
