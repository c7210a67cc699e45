import type { ClipShape } from '../records.js';
import type { Codec } from '../manifest/schema.js';
import type { IndexRow } from './shard-index.js';
import type { RecordPlace, ShardSource } from './source.js';
import type { SpanReader } from '../span-reader.js';
import type { StoredHeader } from '../manifest/statistics.js';

/** A shard that nobody writes any more, read by the places in its index, without LMDB. */
export class ShardFile implements ShardSource {
  constructor(
    private readonly file: SpanReader,
    readonly rows: readonly IndexRow[],
    private readonly shape: ClipShape,
    private readonly codec: Codec,
  ) {}

  get bytes(): number {
    return this.file.bytes;
  }

  record(row: number, own: boolean): Uint8Array {
    const { recordAt, recordBytes } = this.row(row);
    return this.file.read(recordAt, recordBytes, own);
  }

  header(row: number): StoredHeader {
    const { key, headerAt, headerBytes } = this.row(row);
    return this.codec.header(this.file.read(headerAt, headerBytes, false), this.shape, key);
  }

  place(row: number): RecordPlace {
    const { recordAt, recordBytes } = this.row(row);
    return { path: this.file.path, offset: recordAt, length: recordBytes };
  }

  close(): Promise<void> {
    this.file.close();
    return Promise.resolve();
  }

  private row(row: number): IndexRow {
    const found = this.rows[row];
    if (found === undefined) throw new RangeError(`cache: ${this.file.path} has no row ${row}`);
    return found;
  }
}
