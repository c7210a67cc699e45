import { statSync } from 'node:fs';
import { open, type Database, type RootDatabase } from 'lmdb';
import { CorruptRecordError } from '../codec/codec.js';
import { CacheError, SALVAGE, type CacheIdentity } from '../manifest/manifest.js';
import { unavailable } from '../open-files.js';
import { codecOf, type Codec } from '../manifest/schema.js';
import { byEntry } from './shard-index.js';
import type { ShardSource } from './source.js';
import type { ClipShape, SampleEntry } from '../records.js';
import type { StoredHeader } from '../manifest/statistics.js';

/** A shard that another process may be writing: only LMDB can say what is committed in it. */
export class LiveShard implements ShardSource {
  readonly rows: readonly SampleEntry[];

  private constructor(
    private readonly root: RootDatabase<Buffer, string>,
    private readonly headers: Database<Buffer, string>,
    private readonly samples: Database<Buffer, string>,
    private readonly shape: ClipShape,
    private readonly codec: Codec,
  ) {
    this.rows = [...headers.getKeys()]
      .map((key): SampleEntry => {
        const { id, clip, label, split } = this.storedHeader(key).header;
        return { key, id, clip, label, split };
      })
      .sort(byEntry);
  }

  /**
   * @returns undefined when nothing was committed yet
   * @throws CacheError when the file is not a shard
   */
  static open(path: string, { schema, shape }: CacheIdentity): LiveShard | undefined {
    // LMDB brings the process down over an empty file that it must not fill.
    if (statSync(path).size === 0) return undefined;
    let root: RootDatabase<Buffer, string> | undefined;
    try {
      root = open<Buffer, string>({ path, noSubdir: true, readOnly: true, encoding: 'binary' });
      const [headers, samples] = ['headers', 'samples'].map(
        // Whatever its types say, lmdb gives undefined for a database that is not there.
        (name): Database<Buffer, string> | undefined => root?.openDB({ name, encoding: 'binary' }),
      );
      if (headers !== undefined && samples !== undefined)
        return new LiveShard(root, headers, samples, shape, codecOf(schema));
      void root.close();
      return undefined;
    } catch (error) {
      void root?.close();
      const elsewhere = unavailable(path, error);
      if (elsewhere !== undefined) throw elsewhere;
      throw new CacheError(
        `${path} cannot be opened as a shard: ${(error as Error).message}; ${SALVAGE}`,
        { cause: error },
      );
    }
  }

  get bytes(): number {
    const { pageSize, lastPageNumber } = this.root.getStats() as {
      pageSize: number;
      lastPageNumber: number;
    };
    return pageSize * (lastPageNumber + 1);
  }

  record(row: number, own: boolean): Uint8Array {
    const bytes = this.samples.getBinaryFast(this.key(row));
    if (bytes === undefined) throw new CorruptRecordError('the shard has no record for its header');
    // The buffer is one that lmdb uses again and again: only its beginning is this record.
    const record = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    return own ? record.slice() : record;
  }

  header(row: number): StoredHeader {
    return this.storedHeader(this.key(row));
  }

  place(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    await this.root.close();
  }

  private storedHeader(key: string): StoredHeader {
    const bytes = this.headers.get(key);
    if (bytes === undefined) throw new CorruptRecordError('the shard has no header for its key');
    return this.codec.header(bytes, this.shape, key);
  }

  private key(row: number): string {
    const entry = this.rows[row];
    if (entry === undefined) throw new RangeError(`cache: the shard has no row ${row}`);
    return entry.key;
  }
}
