import { openCatalogue } from './catalogue/catalogue.js';
import { CorruptRecordError } from './codec/codec.js';
import { whereWritten } from './folder/lock.js';
import { existingManifest, type Manifest, type ShardEntry } from './manifest/manifest.js';
import { decodeSample } from './codec/prepare.js';
import type { Sample, SampleEntry, SampleHeader, StoredSample } from './records.js';
import { codecOf, type Codec } from './manifest/schema.js';
import { ListedSamples, type SampleList, type SamplePlace } from './sample-list.js';
import { openShard, shardEntries } from './shard/set.js';
import type { RecordPlace, ShardSource } from './shard/source.js';
import { StatisticsFold, type Statistics } from './manifest/statistics.js';

/** A manifest of which nothing is open any more: as if the cache were sealed now. */
export type ReadManifest = Manifest & { readonly statistics: Statistics };

/**
 * A cache, open for reading: the samples that were committed when it was opened, sorted by id (code
 * units), clip and key, in whatever order and by however many runs they were written.
 */
export class CacheReader {
  private readonly codec: Codec;

  /** @internal use {@link openCache} */
  constructor(
    /** Counts, bytes and statistics are those of what was read; `sealed` is false for a cache whose run has not ended. */
    readonly manifest: ReadManifest,
    private readonly samples: SampleList,
  ) {
    this.codec = codecOf(manifest.schema);
  }

  /** How many samples there are; their indices are 0 to size − 1. */
  get size(): number {
    return this.samples.size;
  }

  /** What tells samples apart, without touching the disk. @throws RangeError */
  entry(index: number): SampleEntry {
    return this.place(index).entry;
  }

  /** @returns which of the manifest's shards the sample lies in @throws RangeError */
  shardOf(index: number): number {
    return this.place(index).number;
  }

  /** Reads a header, not the pixels. @throws RangeError, CorruptRecordError */
  header(index: number): SampleHeader {
    return this.withPlace(index, ({ shard, row }) => shard.header(row).header);
  }

  /**
   * Reads a sample of any cache into memory of its own, its checksum verified, its frames decoded.
   * @throws RangeError, CorruptRecordError
   */
  async read(index: number): Promise<Sample> {
    const stored = this.stored(index);
    try {
      return await decodeSample(stored, this.manifest.shape);
    } catch (error) {
      throw named(error, index, this.place(index));
    }
  }

  /**
   * Reads a sample as its record holds it, into memory of its own, its checksum verified.
   * @throws RangeError, CorruptRecordError
   */
  stored(index: number): StoredSample {
    return this.withPlace(index, ({ shard, row, entry }) =>
      this.codec.stored(shard.record(row, true), this.manifest.shape, entry.key),
    );
  }

  /**
   * Reads a sample of a cache of raw frames into memory of its own, its checksum verified.
   * @throws RangeError, CorruptRecordError, EncodedFramesError
   */
  sample(index: number): Sample {
    return this.withPlace(index, ({ shard, row, entry }) =>
      this.codec.record(shard.record(row, true), this.manifest.shape, entry.key),
    );
  }

  /**
   * Lends a sample, its checksum verified: several times faster than {@link sample}, but the arrays
   * are valid only until `use` returns. For caches of raw frames.
   * @throws RangeError, CorruptRecordError, EncodedFramesError
   */
  withSample<T>(index: number, use: (sample: Sample) => T): T {
    const sample = this.withPlace(index, ({ shard, row, entry }) =>
      this.codec.record(shard.record(row, false), this.manifest.shape, entry.key),
    );
    return use(sample);
  }

  /**
   * Where the record of a sample lies, for those who read it themselves: then it is theirs to check it
   * with {@link decodeRecord}.
   * @returns undefined while another process writes the shard @throws RangeError
   */
  recordPlace(index: number): RecordPlace | undefined {
    const { shard, row } = this.place(index);
    return shard.place(row);
  }

  /** @returns the index of the sample, or undefined */
  find(key: string): number | undefined {
    return this.samples.find(key);
  }

  /** After this, nothing that was borrowed from the reader may be touched. */
  async close(): Promise<void> {
    await this.samples.close();
  }

  private place(index: number): SamplePlace {
    if (!Number.isInteger(index) || index < 0 || index >= this.size)
      throw new RangeError(
        `cache: there is no sample ${index}; it holds ${this.size}, numbered from 0`,
      );
    return this.samples.place(index);
  }

  private withPlace<T>(index: number, reading: (place: SamplePlace) => T): T {
    const place = this.place(index);
    try {
      return reading(place);
    } catch (error) {
      throw named(error, index, place);
    }
  }
}

/** Says which sample is damaged. */
function named(error: unknown, index: number, { entry, file }: SamplePlace): unknown {
  if (!(error instanceof CorruptRecordError)) return error;
  const { key, id, clip } = entry;
  return new CorruptRecordError(
    `sample ${index} (${id}, clip ${clip}, key ${key}) in ${file}: ${error.message}`,
    { cause: error },
  );
}

/**
 * Opens a cache for reading. One whose run was killed, or is still going on, can be read too: what is
 * committed is there.
 * @throws CacheError when there is no cache, or it is damaged: the message says what to do
 */
export async function openCache(folder: string): Promise<CacheReader> {
  const manifest = await existingManifest(folder);
  const listed = await shardEntries(folder, manifest);
  // Asked after the list was made: who wrote what is on it either still does, or is done with it.
  // LMDB guards its readers on one machine only: a copy of a cache may have brought another's lock.
  const live = (await whereWritten(folder)) === 'here';
  const whole = manifest.statistics !== null && listed.length === manifest.shards.length;
  const { statistics } = manifest;
  if (whole && manifest.sealed && statistics !== null) {
    const catalogue = openCatalogue(folder, manifest);
    if (catalogue !== undefined) return new CacheReader({ ...manifest, statistics }, catalogue);
  }
  const fold = new StatisticsFold(manifest.shape);
  const shards: { readonly shard: ShardSource; readonly file: string }[] = [];
  const entries: ShardEntry[] = [];
  try {
    for (const entry of listed) {
      const shard = openShard(folder, manifest, entry, live);
      if (shard === undefined) continue;
      shards.push({ shard, file: entry.file });
      const { rows, bytes } = shard;
      entries.push({ ...entry, samples: rows.length, bytes });
      if (!whole) foldShard(fold, entry, shard);
    }
  } catch (error) {
    await Promise.all(shards.map(({ shard }) => shard.close()));
    throw error;
  }
  const samples = new ListedSamples(shards);
  const effective = {
    ...manifest,
    sealed: manifest.sealed && whole,
    samples: samples.size,
    shards: entries,
    statistics: whole && statistics !== null ? statistics : fold.result(),
  };
  return new CacheReader(effective, samples);
}

/** By its sums, where it has some. */
function foldShard(fold: StatisticsFold, { sums }: ShardEntry, shard: ShardSource): void {
  if (sums !== null) fold.addShard(sums, shard.rows);
  else
    shard.rows.forEach((_, row) => {
      const { header, sums: own } = shard.header(row);
      fold.add(header, own);
    });
}
