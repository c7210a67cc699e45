import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { open, type Database, type RootDatabase } from 'lmdb';
import { CorruptRecordError, decodeChecked, encodeChecked } from './codec.js';
import { CacheError, identitySchema, RESTORE, type CacheIdentity } from './manifest.js';
import type { SampleHeader } from './records.js';
import type { ClipSums } from './statistics.js';

export const SHARD_FOLDER = 'shards';
const SHARD_NAME = /^shard-(\d{5})\.lmdb$/;
const IDENTITY = 'identity';

/** What the headers' database holds for each sample. */
export interface StoredHeader {
  readonly header: SampleHeader;
  readonly sums: ClipSums;
}

export const shardFile = (number: number) =>
  `${SHARD_FOLDER}/shard-${String(number).padStart(5, '0')}.lmdb`;

/** Numbers of the shards in the folder, ascending. */
export async function listShards(folder: string): Promise<number[]> {
  const names = await readdir(join(folder, SHARD_FOLDER)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => SHARD_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** One shard: an LMDB environment in one file with the databases `cache`, `headers`, `samples`. */
export class Shard {
  private constructor(
    private readonly root: RootDatabase<Buffer, string>,
    private readonly cache: Database<Buffer, string>,
    private readonly headerStore: Database<Buffer, string>,
    private readonly sampleStore: Database<Buffer, string>,
  ) {}

  /**
   * Opens a shard, or makes one.
   * @param mapSize addresses to reserve for the growing file, in bytes
   * @throws CacheError when the file is not a shard
   */
  static openForWriting(path: string, mapSize: number): Shard {
    return Shard.guard(path, () => {
      const root = open<Buffer, string>({
        path,
        noSubdir: true,
        encoding: 'binary',
        mapSize,
        // The same file on every system; LMDB would take the system's own size of pages.
        pageSize: 4096,
        // A put that is done must be on the disk, and lmdb's overlapping flushes are slower here.
        overlappingSync: false,
        // With it, lmdb holds a promise of its own that nobody can handle when a commit fails.
        eventTurnBatching: false,
      });
      const database = (name: string) => root.openDB<Buffer, string>({ name, encoding: 'binary' });
      return new Shard(root, database('cache'), database('headers'), database('samples'));
    });
  }

  /**
   * Opens a shard to read what is committed in it.
   * @returns undefined when nothing is, in a shard that was killed while it was being made
   * @throws CacheError when the file is not a shard
   */
  static openForReading(path: string): Shard | undefined {
    // LMDB brings the process down over an empty file that it must not fill.
    if (statSync(path).size === 0) return undefined;
    return Shard.guard(path, () => {
      const root = open<Buffer, string>({
        path,
        noSubdir: true,
        readOnly: true,
        encoding: 'binary',
      });
      // Whatever its types say, lmdb gives undefined for a database that is not there.
      const [cache, headers, samples] = ['cache', 'headers', 'samples'].map(
        (name): Database<Buffer, string> | undefined => root.openDB({ name, encoding: 'binary' }),
      );
      if (cache !== undefined && headers !== undefined && samples !== undefined)
        return new Shard(root, cache, headers, samples);
      void root.close();
      return undefined;
    });
  }

  private static guard<T>(path: string, opening: () => T): T {
    try {
      return opening();
    } catch (error) {
      throw new CacheError(
        `${path} cannot be opened as a shard: ${(error as Error).message}; ${RESTORE}`,
        { cause: error },
      );
    }
  }

  /** @returns undefined in a shard that was killed while it was being made */
  identity(): CacheIdentity | undefined {
    const bytes = this.cache.get(IDENTITY);
    return bytes && identitySchema.parse(decodeChecked(bytes));
  }

  async putIdentity(identity: CacheIdentity): Promise<void> {
    await this.commit(() => {
      void this.cache.put(IDENTITY, encodeChecked(identity));
    });
  }

  /**
   * Resolves once record and header are on the disk, both in one transaction.
   * @throws the system's error when they are not
   */
  async put(key: string, record: Buffer, stored: StoredHeader): Promise<void> {
    await this.commit(() => {
      void this.sampleStore.put(key, record);
      void this.headerStore.put(key, encodeChecked(stored));
    });
  }

  private async commit(puts: () => void): Promise<void> {
    try {
      await this.root.batch(puts);
    } catch (error) {
      // lmdb tells at once that a commit failed, and why in a second promise, if it comes to that.
      const { commitError } = error as { commitError?: Promise<never> };
      await Promise.race([commitError, setTimeout(1000)]);
      throw error;
    }
  }

  /** @returns bytes that the next read overwrites @throws CorruptRecordError */
  record(key: string): Uint8Array {
    const bytes = this.sampleStore.getBinaryFast(key);
    if (bytes === undefined) throw new CorruptRecordError('the shard has no record for its header');
    // The buffer is one that lmdb uses again and again: only its beginning is this record.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** @throws CorruptRecordError */
  header(key: string): StoredHeader {
    const bytes = this.headerStore.get(key);
    if (bytes === undefined) throw new CorruptRecordError('the shard has no header for its key');
    const stored = decodeChecked(bytes) as StoredHeader;
    if (stored.header.key !== key)
      throw new CorruptRecordError(`the header of ${key} is that of ${stored.header.key}`);
    return stored;
  }

  keys(): Iterable<string> {
    return this.headerStore.getKeys();
  }

  /** All headers, by key. @throws CorruptRecordError */
  *headers(): Generator<StoredHeader> {
    for (const key of this.keys()) yield this.header(key);
  }

  /** How many samples it holds. */
  size(): number {
    return (this.headerStore.getStats() as { entryCount: number }).entryCount;
  }

  /** Bytes of the file. */
  bytes(): number {
    const { pageSize, lastPageNumber } = this.root.getStats() as {
      pageSize: number;
      lastPageNumber: number;
    };
    return pageSize * (lastPageNumber + 1);
  }

  async close(): Promise<void> {
    await this.root.close();
  }
}
