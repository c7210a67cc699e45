import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeRecord } from './codec.js';
import { CacheError, writeManifest, type Manifest, type ShardEntry } from './manifest.js';
import type { Sample } from './records.js';
import { Shard, SHARD_FOLDER, shardFile } from './shard.js';
import { unsealedEntry } from './shard-set.js';
import { structureDigest } from './shard-structure.js';
import type { ClipSums } from './statistics.js';

/** Room in the map beyond the size of a shard, for its last record and LMDB's own pages. */
const MAP_MARGIN = 256 * 1024 ** 2;

/** Left free on the disk: the manifest and LMDB's own pages must still find room. */
const RESERVE = 1024 ** 2;

/** The shards of a cache as its one writer sees them: at most one is open, the others are sealed. */
export class ShardSeries {
  private open: { readonly file: string; readonly shard: Shard } | undefined;

  constructor(
    private readonly folder: string,
    private manifest: Manifest,
    /** All shards that there are, in the manifest or not. */
    public entries: readonly ShardEntry[],
    private readonly shardBytes: number,
  ) {}

  /** @throws CacheError when the sample could not be written */
  async put(sample: Sample, sums: ClipSums): Promise<void> {
    const { header } = sample;
    try {
      // Before the put, never after: once a sample is on the disk, its put must not fail any more.
      if (this.open !== undefined && this.open.shard.bytes() >= this.shardBytes)
        await this.sealShard(this.open.file);
      const record = encodeRecord(sample, this.manifest.shape);
      await this.mustHaveRoom(record.length);
      const { shard } = (this.open ??= await this.begin());
      await shard.put(header.key, record, { header, sums });
    } catch (error) {
      throw new CacheError(
        `${header.path} could not be written into the cache ${this.folder}: ${(error as Error).message}; what is in the cache already is safe`,
        { cause: error },
      );
    }
  }

  /** LMDB reports a full disk as a failure of the device; and sealing needs a little room, too. */
  private async mustHaveRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    if (bavail * bsize < bytes + RESERVE)
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

  /** Opens the shard that is not sealed yet, or makes the next one. */
  private async begin(): Promise<{ file: string; shard: Shard }> {
    const unsealed = this.entries.find(({ sealed }) => !sealed);
    const file = unsealed?.file ?? this.nextFile();
    await mkdir(join(this.folder, SHARD_FOLDER), { recursive: true });
    const shard = Shard.openForWriting(join(this.folder, file), this.shardBytes + MAP_MARGIN);
    if (shard.identity() === undefined) {
      const { format, schema, fingerprint, configuration, tools, shape } = this.manifest;
      await shard.putIdentity({ format, schema, fingerprint, configuration, tools, shape });
    }
    if (unsealed === undefined) this.entries = [...this.entries, unsealedEntry(file)];
    // From now on the statistics in the manifest are not those of all samples.
    await this.save({ sealed: false, statistics: null });
    return { file, shard };
  }

  private nextFile(): string {
    const numbers = this.entries.map(({ file }) => Number(/(\d+)\.lmdb$/.exec(file)?.[1] ?? -1));
    return shardFile(Math.max(-1, ...numbers) + 1);
  }

  private async sealShard(file: string): Promise<void> {
    const path = join(this.folder, file);
    await this.close();
    const shard = Shard.openForReading(path);
    const samples = shard?.size() ?? 0;
    await shard?.close();
    if (samples === 0) {
      await rm(path);
      this.entries = this.entries.filter((entry) => entry.file !== file);
    } else {
      const { size: bytes } = await stat(path);
      const entry = { file, samples, bytes, sealed: true, structure: structureDigest(path) };
      this.entries = this.entries.map((old) => (old.file === file ? entry : old));
    }
    await this.save({});
  }

  private async save(changes: Partial<Manifest>): Promise<void> {
    const samples = this.entries.reduce((sum, entry) => sum + entry.samples, 0);
    this.manifest = { ...this.manifest, ...changes, samples, shards: this.entries };
    await writeManifest(this.folder, this.manifest);
  }
}
