import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCatalogue } from './catalogue/write.js';
import { assertOurs, assertSameKind } from './folder/addable.js';
import { RAW_FRAMES, type FrameStore } from './codec/frame-encoding.js';
import { fileWords } from './folder/file-words.js';
import { lockForWriting } from './folder/lock.js';
import { makeFolder } from './folder/make-folder.js';
import {
  CacheError,
  cacheIdentity,
  MANIFEST_FILE,
  readManifest,
  writeManifest,
  type CacheIdentity,
  type Manifest,
} from './manifest/manifest.js';
import { prepareSample, prepareStored, type PreparedSample } from './codec/prepare.js';
import type { ClipShape, Sample, StoredSample } from './records.js';
import { openShardFile } from './shard/open.js';
import { shardEntries, statisticsOf } from './shard/set.js';
import { ShardSeries } from './shard/series.js';
import type { ClipSums } from './manifest/statistics.js';

export interface CacheWriterOptions {
  /** Every option that changes the output, as JSON. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Versions of what makes the output, as JSON. */
  readonly tools: Readonly<Record<string, unknown>>;
  readonly shape: ClipShape;
  /** How frames are kept; the format must be the configuration's `store`. Default: as they are. */
  readonly store?: FrameStore;
  /** Keys of samples that are elsewhere already: they are not written. */
  readonly known?: ReadonlySet<string>;
  /** Releases the folder's lock, where the caller has taken it already. */
  readonly held?: () => Promise<void>;
  /** A shard that has grown to so many bytes is sealed and the next one begun; default 2 GiB. */
  readonly shardBytes?: number;
}

const KEY = /^[\w-]{1,200}$/;

/** The one writer of a cache. Every method may be called while others are still under way. */
export class CacheWriter {
  private closed = false;
  /** Puts come one after the other: their commits share nothing that would make them faster together. */
  private last: Promise<unknown> = Promise.resolve();

  /** @internal use {@link openCacheWriter} */
  constructor(
    readonly folder: string,
    readonly identity: CacheIdentity,
    private readonly keys: Set<string>,
    private readonly shards: ShardSeries,
    private readonly store: FrameStore,
    private readonly unlock: () => Promise<void>,
    private readonly known: ReadonlySet<string>,
  ) {}

  /** How many samples there are, those that are known to be elsewhere included. */
  get size(): number {
    return this.keys.size + this.known.size;
  }

  /** Whether a sample is in the cache, on the disk, or known to be elsewhere. */
  has(key: string): boolean {
    return this.keys.has(key) || this.known.has(key);
  }

  /**
   * Works out what can be known of a sample before it is put: several at once, while others are
   * written. Where frames are kept as they are this is not worth it.
   * @param sums {@link sumsOf} the sample, where a worker has worked them out already
   * @throws RangeError when the sample has not the cache's shape
   */
  async prepare(sample: Sample, sums?: ClipSums): Promise<PreparedSample> {
    return prepareSample(sample, this.identity.shape, this.store, sums);
  }

  /**
   * {@link prepare} for a sample whose frames are as this cache keeps them already.
   * @throws RangeError when it has not the cache's shape; CorruptRecordError when they cannot be decoded
   */
  async prepareStored(stored: StoredSample): Promise<PreparedSample> {
    const { format } = stored.frames;
    if (format !== this.store.format)
      throw new RangeError(`cache: frames are ${format}, this cache keeps ${this.store.format}`);
    return prepareStored(stored, this.identity.shape);
  }

  /**
   * Adds a sample; one whose key is there already is left as it is.
   * @param sample itself, or what {@link prepare} made of it
   * @param sums {@link sumsOf} the sample, where a worker has worked them out already
   * @returns resolves once the sample is on the disk
   * @throws CacheError when it cannot be written; what is in the cache stays good
   * @throws RangeError when the sample has not the cache's shape
   */
  async put(sample: Sample | PreparedSample, sums?: ClipSums): Promise<void> {
    if (this.closed) throw new CacheError(`${this.folder}: the writer is closed; open another`);
    const { key } = 'stored' in sample ? sample.stored.header : sample.header;
    if (!KEY.test(key))
      throw new RangeError(
        `cache: "${key}" is no key; it must be 1 to 200 letters, digits, "_" or "-"`,
      );
    const prepared = 'stored' in sample ? Promise.resolve(sample) : this.prepare(sample, sums);
    // Looked at when its turn comes; until then it is not an unhandled rejection.
    prepared.catch(() => undefined);
    const done = this.last.then(async () => {
      const { stored, sums: own } = await prepared;
      if (this.has(key)) return;
      await this.shards.put(stored, own);
      this.keys.add(key);
    });
    this.last = done.catch(() => undefined);
    await done;
  }

  /**
   * Makes all shards immutable, works out the statistics, and closes the writer. The cache can be
   * opened again later, to add more.
   */
  async seal(): Promise<Manifest> {
    await this.finishPuts();
    try {
      await this.shards.seal();
      const { shape } = this.identity;
      const shards = this.shards.entries;
      const manifest: Manifest = {
        ...this.identity,
        sealed: true,
        samples: this.keys.size,
        shards,
        statistics: statisticsOf(this.folder, { shape, shards }),
      };
      await writeManifest(this.folder, manifest);
      await writeCatalogue(this.folder, manifest);
      return manifest;
    } finally {
      await this.unlock();
    }
  }

  /** Closes the writer and leaves the cache as it is, for another run to go on with. */
  async close(): Promise<void> {
    if (this.closed) return;
    await this.finishPuts();
    try {
      await this.shards.close();
    } finally {
      await this.unlock();
    }
  }

  private async finishPuts(): Promise<void> {
    if (this.closed) throw new CacheError(`${this.folder}: the writer is closed; open another`);
    this.closed = true;
    await this.last;
  }
}

async function readOrBegin(folder: string, identity: CacheIdentity): Promise<Manifest> {
  const manifest = await readManifest(folder);
  if (manifest === undefined) {
    const empty = { ...identity, sealed: false, samples: 0, shards: [], statistics: null };
    await writeManifest(folder, empty);
    return empty;
  }
  assertSameKind(folder, manifest, identity);
  return manifest;
}

/**
 * Opens a cache to add samples, or makes one; a cache that a run was killed over is continued.
 * @throws CacheError when the folder holds other files or a cache of other settings, when another
 *   process writes it, or when it is damaged
 */
export async function openCacheWriter(
  folder: string,
  options: CacheWriterOptions,
): Promise<CacheWriter> {
  try {
    return await openWriter(folder, options);
  } catch (error) {
    const words = error instanceof CacheError ? undefined : fileWords(error, folder);
    if (words === undefined) throw error;
    throw new CacheError(`the cache ${folder} cannot be written: ${words}`, { cause: error });
  }
}

async function openWriter(
  folder: string,
  {
    configuration,
    tools,
    shape,
    store = RAW_FRAMES,
    shardBytes = 2 * 1024 ** 3,
    known = new Set(),
    held,
  }: CacheWriterOptions,
): Promise<CacheWriter> {
  // The fingerprint must tell lossy frames from raw ones.
  if (store.format !== 'raw' && configuration['store'] !== store.format)
    throw new RangeError(
      `cache: frames are kept as ${store.format}, the configuration does not say so`,
    );
  const identity = cacheIdentity(configuration, tools, shape);
  await makeFolder(folder);
  await assertOurs(folder);
  const unlock = held ?? (await lockForWriting(folder));
  try {
    const manifest = await readOrBegin(folder, identity);
    const shards = new ShardSeries(
      folder,
      manifest,
      await shardEntries(folder, manifest),
      shardBytes,
    );
    // What a killed run left is not written any more.
    await shards.seal();
    const keys = new Set<string>();
    for (const entry of shards.entries) {
      const shard = openShardFile(join(folder, entry.file), entry, identity);
      for (const { key } of shard.rows) keys.add(key);
      await shard.close();
    }
    await rm(join(folder, `${MANIFEST_FILE}.tmp`), { force: true });
    return new CacheWriter(folder, identity, keys, shards, store, unlock, known);
  } catch (error) {
    await unlock();
    throw error;
  }
}
