import { stat } from 'node:fs/promises';
import { CorruptRecordError, decodeRecord } from './codec.js';
import { isWritten } from './lock.js';
import { CacheError, readManifest, RESTORE, type Manifest, type ShardEntry } from './manifest.js';
import type { Sample, SampleHeader } from './records.js';
import type { Shard } from './shard.js';
import { openShard, shardEntries } from './shard-set.js';
import { StatisticsFold, type Statistics } from './statistics.js';

/** What is kept in memory of each sample; the rest of its header is read when it is asked for. */
export interface SampleEntry {
  readonly key: string;
  readonly id: string;
  readonly clip: number;
  readonly label: string | null;
  readonly split: string | null;
}

interface Place {
  readonly entry: SampleEntry;
  readonly shard: Shard;
  readonly file: string;
}

/** A manifest of which nothing is open any more: as if the cache were sealed now. */
export type ReadManifest = Manifest & { readonly statistics: Statistics };

function byEntry({ entry: a }: Place, { entry: b }: Place): number {
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  if (a.clip !== b.clip) return a.clip - b.clip;
  return a.key < b.key ? -1 : 1;
}

/**
 * A cache, open for reading: the samples that were committed when it was opened, sorted by id (code
 * units), clip and key, in whatever order and by however many runs they were written.
 */
export class CacheReader {
  private readonly indices: ReadonlyMap<string, number>;

  /** @internal use {@link openCache} */
  constructor(
    /** Counts, bytes and statistics are those of what was read; `sealed` is false for a cache whose run has not ended. */
    readonly manifest: ReadManifest,
    private readonly places: readonly Place[],
    private readonly shards: readonly Shard[],
  ) {
    this.indices = new Map(places.map(({ entry }, index) => [entry.key, index]));
  }

  /** How many samples there are; their indices are 0 to size − 1. */
  get size(): number {
    return this.places.length;
  }

  /** What tells samples apart, without touching the disk. @throws RangeError */
  entry(index: number): SampleEntry {
    return this.place(index).entry;
  }

  /** Reads a header, not the pixels. @throws RangeError, CorruptRecordError */
  header(index: number): SampleHeader {
    return this.read(index, ({ shard, entry }) => shard.header(entry.key).header);
  }

  /**
   * Reads a sample into memory of its own, its checksum verified.
   * @throws RangeError, CorruptRecordError
   */
  sample(index: number): Sample {
    return this.read(index, ({ shard, entry }) =>
      decodeRecord(shard.record(entry.key).slice(), this.manifest.shape, entry.key),
    );
  }

  /**
   * Lends a sample, its checksum verified: several times faster than {@link sample}, but the arrays
   * are valid only until `use` returns.
   * @throws RangeError, CorruptRecordError
   */
  withSample<T>(index: number, use: (sample: Sample) => T): T {
    const sample = this.read(index, ({ shard, entry }) =>
      decodeRecord(shard.record(entry.key), this.manifest.shape, entry.key),
    );
    return use(sample);
  }

  /** @returns the index of the sample, or undefined */
  find(key: string): number | undefined {
    return this.indices.get(key);
  }

  /** After this, nothing that the reader lent may be touched. */
  async close(): Promise<void> {
    await Promise.all(this.shards.map((shard) => shard.close()));
  }

  private place(index: number): Place {
    const place = this.places[index];
    if (place === undefined)
      throw new RangeError(
        `cache: there is no sample ${index}; it holds ${this.size}, numbered from 0`,
      );
    return place;
  }

  private read<T>(index: number, reading: (place: Place) => T): T {
    const place = this.place(index);
    try {
      return reading(place);
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      const { key, id, clip } = place.entry;
      throw new CorruptRecordError(
        `sample ${index} (${id}, clip ${clip}, key ${key}) in ${place.file}: ${error.message}`,
        { cause: error },
      );
    }
  }
}

/** Reads all headers of a shard into `places` and `fold`. */
function listShard(
  shard: Shard,
  entry: ShardEntry,
  places: Place[],
  fold: StatisticsFold | undefined,
): ShardEntry {
  let samples = 0;
  for (const { header, sums } of shard.headers()) {
    const { key, id, clip, label, split } = header;
    places.push({ entry: { key, id, clip, label, split }, shard, file: entry.file });
    fold?.add(header, sums);
    samples++;
  }
  if (entry.sealed && samples !== entry.samples)
    throw new CacheError(
      `${entry.file} holds ${samples} samples, the manifest says ${entry.samples}; ${RESTORE}`,
    );
  return { ...entry, samples, bytes: entry.sealed ? entry.bytes : shard.bytes() };
}

async function readManifestOf(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  if (manifest !== undefined) return manifest;
  const there = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  throw new CacheError(
    there
      ? `${folder} is not an avme cache: it has no manifest.json; give the folder that avme preprocess --cache wrote`
      : `there is no folder ${folder}; make the cache with avme preprocess first`,
  );
}

/**
 * Opens a cache for reading. One whose run was killed, or is still going on, can be read too: what is
 * committed is there.
 * @throws CacheError when there is no cache, or it is damaged: the message says what to do
 */
export async function openCache(folder: string): Promise<CacheReader> {
  const manifest = await readManifestOf(folder);
  const live = await isWritten(folder);
  const listed = await shardEntries(folder, manifest);
  const fold =
    manifest.statistics === null || listed.length > manifest.shards.length
      ? new StatisticsFold(manifest.shape)
      : undefined;
  const shards: Shard[] = [];
  const places: Place[] = [];
  const entries: ShardEntry[] = [];
  try {
    for (const entry of listed) {
      const shard = await openShard(folder, manifest, entry, live);
      if (shard === undefined) continue;
      shards.push(shard);
      entries.push(listShard(shard, entry, places, fold));
    }
  } catch (error) {
    await Promise.all(shards.map((shard) => shard.close()));
    throw error;
  }
  places.sort(byEntry);
  const effective = {
    ...manifest,
    sealed: manifest.sealed && fold === undefined,
    samples: places.length,
    shards: entries,
    statistics: manifest.statistics ?? new StatisticsFold(manifest.shape).result(),
  };
  return new CacheReader(
    fold === undefined ? effective : { ...effective, statistics: fold.result() },
    places,
    shards,
  );
}
