import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeStored } from '../codec/codec.js';
import { fileWords } from '../folder/file-words.js';
import { CacheError, writeManifest, type Manifest, type ShardEntry } from '../manifest/manifest.js';
import type { StoredSample } from '../records.js';
import { Shard, SHARD_FOLDER, shardFile } from './shard.js';
import { writeIndex } from './shard-index.js';
import { openShardFile } from './open.js';
import { unsealedEntry } from './set.js';
import { StatisticsFold, type ClipSums } from '../manifest/statistics.js';

/** Room in the map beyond the size of a shard, for its last record and LMDB's own pages. */
const MAP_MARGIN = 256 * 1024 ** 2;

/** Left free on the disk: the manifest and LMDB's own pages must still find room. */
const RESERVE = 1024 ** 2;
/** The same for each sample of the open shard: its line in the index that sealing writes. */
const RESERVE_EACH = 1024;

/**
 * Writes the index of a shard that will not change any more.
 * @returns undefined when it holds nothing
 */
async function sealedEntry(
  folder: string,
  file: string,
  manifest: Manifest,
): Promise<ShardEntry | undefined> {
  const path = join(folder, file);
  const shard = openShardFile(path, unsealedEntry(file), manifest);
  try {
    const { rows, bytes } = shard;
    if (rows.length === 0) return undefined;
    const fold = new StatisticsFold(manifest.shape);
    rows.forEach((_, row) => {
      const { header, sums } = shard.header(row);
      fold.add(header, sums);
    });
    const index = await writeIndex(path, rows);
    const [samples, sums] = [rows.length, fold.sums()];
    return { file, samples, bytes, sealed: true, index, sums, dropped: [] };
  } finally {
    await shard.close();
  }
}

/** The shards of a cache as its one writer sees them: at most one is open, the others are sealed. */
export class ShardSeries {
  /** The record at hand: memory that is used again, for records come one after the other. */
  private scratch = Buffer.alloc(0);
  private open: { readonly file: string; readonly shard: Shard; samples: number } | undefined;

  constructor(
    private readonly folder: string,
    private manifest: Manifest,
    /** All shards that there are, in the manifest or not. */
    public entries: readonly ShardEntry[],
    private readonly shardBytes: number,
  ) {}

  /** @throws CacheError when the sample could not be written */
  async put(sample: StoredSample, sums: ClipSums): Promise<void> {
    const { header } = sample;
    try {
      // Before the put, never after: once a sample is on the disk, its put must not fail any more.
      if (this.open !== undefined && this.open.shard.bytes() >= this.shardBytes)
        await this.sealShard(this.open.file);
      const record = encodeStored(sample, this.manifest.shape, (bytes) => this.record(bytes));
      await this.mustHaveRoom(record.length);
      const open = (this.open ??= await this.begin());
      await open.shard.put(header.key, record, { header, sums });
      open.samples++;
    } catch (error) {
      throw new CacheError(
        `${header.path} could not be written into the cache ${this.folder}: ${fileWords(error, this.folder) ?? (error as Error).message}; what is in the cache already is safe`,
        { cause: error },
      );
    }
  }

  private record(bytes: number): Buffer {
    if (this.scratch.length < bytes) this.scratch = Buffer.allocUnsafeSlow(bytes);
    return this.scratch.subarray(0, bytes);
  }

  /** LMDB reports a full disk as a failure of the device; and sealing needs a little room, too. */
  private async mustHaveRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    const reserve = RESERVE + RESERVE_EACH * ((this.open?.samples ?? 0) + 1);
    if (bavail * bsize < bytes + reserve)
      throw new Error(`the disk is full (${bavail * bsize} bytes left); make room and run again`);
  }

  /** Seals every shard that is not. */
  async seal(): Promise<void> {
    for (const { file, sealed } of this.entries) if (!sealed) await this.sealShard(file);
  }

  async close(): Promise<void> {
    const { open } = this;
    this.open = undefined;
    await open?.shard.close();
  }

  /** Makes the next shard. */
  private async begin(): Promise<{ file: string; shard: Shard; samples: number }> {
    const file = this.nextFile();
    await mkdir(join(this.folder, SHARD_FOLDER), { recursive: true });
    const { format, schema, fingerprint, configuration, tools, shape } = this.manifest;
    const identity = { format, schema, fingerprint, configuration, tools, shape };
    const mapSize = this.shardBytes + MAP_MARGIN;
    const shard = await Shard.create(join(this.folder, file), mapSize, identity);
    this.entries = [...this.entries, unsealedEntry(file)];
    try {
      // From now on the statistics in the manifest are not those of all samples.
      await this.save({ sealed: false, statistics: null });
    } catch (error) {
      await shard.close();
      throw error;
    }
    return { file, shard, samples: 0 };
  }

  private nextFile(): string {
    const numbers = this.entries.map(({ file }) => Number(/(\d+)\.lmdb$/.exec(file)?.[1] ?? -1));
    return shardFile(Math.max(-1, ...numbers) + 1);
  }

  private async sealShard(file: string): Promise<void> {
    await this.close();
    const entry = await sealedEntry(this.folder, file, this.manifest);
    if (entry === undefined) {
      await rm(join(this.folder, file));
      this.entries = this.entries.filter((old) => old.file !== file);
    } else this.entries = this.entries.map((old) => (old.file === file ? entry : old));
    await this.save({});
  }

  private async save(changes: Partial<Manifest>): Promise<void> {
    const samples = this.entries.reduce((sum, entry) => sum + entry.samples, 0);
    this.manifest = { ...this.manifest, ...changes, samples, shards: this.entries };
    await writeManifest(this.folder, this.manifest);
  }
}
