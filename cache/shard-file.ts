import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { CorruptRecordError } from './codec.js';
import type { ClipShape } from './records.js';
import type { Codec } from './schema.js';
import type { IndexRow } from './shard-index.js';
import type { RecordPlace, ShardSource } from './shard-source.js';
import type { StoredHeader } from './statistics.js';

/** Reads spans of a file into memory: unlike a map of it, it cannot end the process. */
export class SpanReader {
  private readonly file: number;
  private lent = Buffer.alloc(0);

  /** @throws the system's error; Error when it is no file */
  constructor(readonly path: string) {
    // To open a pipe would be to wait for its writer.
    if (!statSync(path).isFile()) throw new Error('it is not a file');
    this.file = openSync(path, 'r');
  }

  get bytes(): number {
    return fstatSync(this.file).size;
  }

  /**
   * @param own in memory of its own; otherwise the next read overwrites it
   * @throws CorruptRecordError when the file ends before the span does, or the disk cannot read it
   */
  read(offset: number, length: number, own: boolean): Buffer {
    if (!own && this.lent.length < length) this.lent = Buffer.allocUnsafeSlow(length);
    const bytes = own ? Buffer.allocUnsafeSlow(length) : this.lent.subarray(0, length);
    let got: number;
    try {
      got = readSync(this.file, bytes, 0, length, offset);
    } catch (error) {
      throw new CorruptRecordError(`the disk does not give it: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (got < length)
      throw new CorruptRecordError(`the file ends ${length - got} bytes before the record does`);
    return bytes;
  }

  close(): void {
    closeSync(this.file);
  }
}

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
