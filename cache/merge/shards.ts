import { join } from 'node:path';
import { CacheError, writeManifest, type CacheIdentity, type Manifest, type ShardEntry } from '../manifest/manifest.js'; // prettier-ignore
import { hashOf } from '../catalogue/key-table.js';
import { linkShard } from './link.js';
import { findDuplicates, KeyHashes } from './samples.js';
import { pathInside, type MergeSource } from './sources.js';
import type { SampleEntry } from '../records.js';
import { openShardFile } from '../shard/open.js';
import { ShardSeries } from '../shard/series.js';
import { shardEntries } from '../shard/set.js';
import { isOwnShard } from '../shard/shard.js';
import { StatisticsFold } from '../manifest/statistics.js';

/** A shard on its way into the joined manifest. */
interface Candidate {
  readonly entry: ShardEntry;
  /** The cache whose manifest the entry is from. */
  readonly folder: string;
}

/** What the joined cache consists of. */
export interface JoinedShards {
  readonly shards: readonly ShardEntry[];
  /** Samples that are left out, since another shard has them. */
  readonly duplicates: number;
  /** Of the ids that were asked for, those of samples in the shards of the cache itself, and of its parts. */
  readonly made: { readonly own: ReadonlySet<string>; readonly parts: ReadonlySet<string> };
}

export interface JoinOptions {
  /** Folders of the parts that are joined anew; what is known of them from before is forgotten. */
  readonly parts: readonly string[];
  readonly link?: boolean;
  /** Leave alone what may be written: shards of `before` that are not sealed do not count. */
  readonly sealedOnly?: boolean;
  /** Which ids `made` is to tell of; default none. */
  readonly ids?: ReadonlySet<string>;
  readonly onDuplicate?: (left: SampleEntry, kept: SampleEntry) => void;
}

export const outside = (folder: string, part: string) =>
  new CacheError(
    `${part} is not inside ${folder}, and a cache refers to nothing outside its folder: move the part into it, put a symbolic link to it there, or add --link`,
  );

/** The samples of a shard: not kept, for all together may be more than fits in memory. */
async function rowsOf(
  { folder, entry }: Candidate,
  identity: CacheIdentity,
): Promise<readonly SampleEntry[]> {
  const shard = openShardFile(join(folder, entry.file), entry, identity);
  const { rows } = shard;
  await shard.close();
  return rows;
}

/** Reads every shard once. @throws CacheError when one is missing or damaged */
async function survey(
  candidates: readonly Candidate[],
  own: number,
  identity: CacheIdentity,
  ids: ReadonlySet<string>,
) {
  const hashes = new KeyHashes(candidates.reduce((sum, { entry }) => sum + entry.samples, 0));
  const made = { own: new Set<string>(), parts: new Set<string>() };
  for (const [i, each] of candidates.entries())
    for (const { key, id } of await rowsOf(each, identity)) {
      hashes.add(key);
      if (ids.has(id)) (i < own ? made.own : made.parts).add(id);
    }
  const repeated = hashes.repeated();
  if (repeated.size === 0) return { made, duplicates: [] };
  // Equal hashes need not be equal keys: now the samples themselves are compared.
  const suspects: SampleEntry[][] = [];
  for (const each of candidates) {
    const rows = await rowsOf(each, identity);
    suspects.push(rows.filter(({ key }) => repeated.has(hashOf(key))));
  }
  return { made, duplicates: findDuplicates(suspects, own) };
}

/** The entry of a shard some of whose samples do not count any more. */
async function without(
  { entry, folder }: Candidate,
  left: ReadonlySet<string>,
  identity: CacheIdentity,
): Promise<ShardEntry> {
  if (left.size === 0) return entry;
  const shard = openShardFile(join(folder, entry.file), entry, identity);
  const fold = new StatisticsFold(identity.shape);
  const { rows } = shard;
  try {
    rows.forEach(({ key }, row) => {
      if (left.has(key)) return;
      const { header, sums } = shard.header(row);
      fold.add(header, sums);
    });
  } finally {
    await shard.close();
  }
  const dropped = [...entry.dropped, ...left].sort();
  return { ...entry, samples: rows.length - left.size, sums: fold.sums(), dropped };
}

/** The shards in the cache's own folder; those of a run that was killed are sealed. */
async function ownShards(folder: string, manifest: Manifest): Promise<readonly ShardEntry[]> {
  const own = (await shardEntries(folder, manifest)).filter(({ file }) => isOwnShard(file));
  if (own.every(({ sealed }) => sealed)) return own;
  const series = new ShardSeries(folder, manifest, own, 0);
  await series.seal();
  return series.entries;
}

/** Shards of parts that were joined before and are not to be joined anew: they stay. */
function joinedBefore(folder: string, manifest: Manifest, parts: readonly string[]) {
  const anew = parts.map((part) => `${pathInside(folder, part) ?? ''}/`);
  return manifest.shards.filter(
    ({ file }) => !isOwnShard(file) && !anew.some((part) => file.startsWith(part)),
  );
}

/** The entry of a part's shard in the joined manifest. @param number under which to link it; null: it stays where it is */
async function placeShard(
  folder: string,
  part: string,
  entry: ShardEntry,
  number: number | null,
): Promise<ShardEntry> {
  if (number !== null) return linkShard(folder, part, entry, number);
  const file = pathInside(folder, join(part, entry.file));
  if (file === null) throw outside(folder, part);
  return { ...entry, file };
}

const numberOf = ({ file }: ShardEntry) => Number(/(\d+)\.lmdb$/.exec(file)?.[1]);

/**
 * Puts together the shards of a cache that this process has locked for writing.
 * @param before its manifest, if it has one
 * @throws CacheError when a shard is missing or damaged
 */
export async function joinShards(
  folder: string,
  before: Manifest | undefined,
  sources: readonly Pick<MergeSource, 'folder' | 'manifest'>[],
  identity: CacheIdentity,
  { parts, link = false, sealedOnly = false, ids = new Set(), onDuplicate }: JoinOptions,
): Promise<JoinedShards> {
  const own =
    before === undefined
      ? []
      : sealedOnly
        ? before.shards.filter(({ file, sealed }) => sealed && isOwnShard(file))
        : await ownShards(folder, before);
  const candidates: Candidate[] = own.map((entry) => ({ entry, folder }));
  for (const entry of before === undefined ? [] : joinedBefore(folder, before, parts))
    candidates.push({ entry, folder });
  // What was linked before is there already.
  const known = new Set(own.map(({ index }) => index));
  for (const { folder: part, manifest } of sources)
    for (const entry of manifest.shards)
      if (entry.sealed && !known.has(entry.index)) candidates.push({ entry, folder: part });

  const left = candidates.map(() => new Set<string>());
  const { made, duplicates } = await survey(candidates, own.length, identity, ids);
  for (const { entry, shard, kept } of duplicates) {
    left[shard]?.add(entry.key);
    onDuplicate?.(entry, kept);
  }
  if (before === undefined && link)
    // Shards in a folder without a manifest would be anybody's.
    await writeManifest(folder, { ...identity, sealed: false, samples: 0, shards: [], statistics: null }); // prettier-ignore
  const shards: ShardEntry[] = [];
  let number = Math.max(-1, ...own.map(numberOf)) + 1;
  for (const [i, each] of candidates.entries()) {
    const entry = await without(each, left[i] ?? new Set(), identity);
    if (i < own.length) shards.push(entry);
    // One of which nothing is left would only be one more file to open.
    else if (entry.samples > 0)
      shards.push(await placeShard(folder, each.folder, entry, link ? number++ : null));
  }
  return { shards, duplicates: duplicates.length, made };
}
