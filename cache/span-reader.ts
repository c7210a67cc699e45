import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { CorruptRecordError } from './codec/codec.js';

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
