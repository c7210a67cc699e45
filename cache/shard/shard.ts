import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { open, type Database, type RootDatabase } from 'lmdb';
import { encodeChecked } from '../codec/codec.js';
import { CacheError, RESTORE, type CacheIdentity } from '../manifest/manifest.js';
import { unavailable } from '../open-files.js';
import type { StoredHeader } from '../manifest/statistics.js';

export const SHARD_FOLDER = 'shards';
const SHARD_NAME = /^shard-(\d{5,9})\.lmdb$/;
const IDENTITY = 'identity';

export const shardFile = (number: number) =>
  `${SHARD_FOLDER}/shard-${String(number).padStart(5, '0')}.lmdb`;

/** Whether a shard of a manifest lies in the cache's own folder, rather than in one that it refers to. */
export const isOwnShard = (file: string) =>
  file.startsWith(`${SHARD_FOLDER}/`) && SHARD_NAME.test(file.slice(SHARD_FOLDER.length + 1));

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

/**
 * A shard that is being written: an LMDB environment in one file with the databases `cache`,
 * `headers`, `samples`. LMDB writes only files that it has made itself, in the same process: whatever
 * may have happened to others could bring it down.
 */
export class Shard {
  private constructor(
    private readonly root: RootDatabase<Buffer, string>,
    private readonly cache: Database<Buffer, string>,
    private readonly headers: Database<Buffer, string>,
    private readonly samples: Database<Buffer, string>,
  ) {}

  /**
   * Makes a shard.
   * @param mapSize addresses to reserve for the growing file, in bytes
   * @throws CacheError when the file cannot be made
   */
  static async create(path: string, mapSize: number, identity: CacheIdentity): Promise<Shard> {
    let shard: Shard;
    try {
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
      shard = new Shard(root, database('cache'), database('headers'), database('samples'));
    } catch (error) {
      const elsewhere = unavailable(path, error);
      if (elsewhere !== undefined) throw elsewhere;
      throw new CacheError(
        `${path} cannot be opened as a shard: ${(error as Error).message}; ${RESTORE}`,
        { cause: error },
      );
    }
    await shard.commit(() => {
      void shard.cache.put(IDENTITY, encodeChecked(identity));
    });
    return shard;
  }

  /**
   * Resolves once record and header are on the disk, both in one transaction.
   * @throws the system's error when they are not
   */
  async put(key: string, record: Buffer, stored: StoredHeader): Promise<void> {
    await this.commit(() => {
      void this.samples.put(key, record);
      void this.headers.put(key, encodeChecked(stored));
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
