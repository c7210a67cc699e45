import { fstatSync, readSync, statSync } from 'node:fs';
import { CorruptRecordError } from './codec/codec.js';
import { CacheError } from './manifest/manifest.js';
import { openFiles, UnavailableError, type FileUser } from './open-files.js';

/**
 * Reads spans of a file into memory: unlike a map of it, it cannot end the process. The file is open
 * only while the thread's pool of descriptors has room for it, so there may be any number of readers.
 */
export class SpanReader implements FileUser {
  private buffer = Buffer.alloc(0);

  /** @throws UnavailableError; the system's error; Error when it is no file */
  constructor(readonly path: string) {
    // To open a pipe would be to wait for its writer.
    if (!statSync(path).isFile()) throw new Error('it is not a file');
    openFiles.descriptor(this);
  }

  /** @throws CacheError when the file was taken away */
  get bytes(): number {
    return fstatSync(this.descriptor()).size;
  }

  /**
   * @param own in memory of its own; otherwise the next read overwrites it
   * @throws CorruptRecordError when the file ends before the span does, or the disk cannot read it
   * @throws CacheError when the file was taken away
   */
  read(offset: number, length: number, own: boolean): Buffer {
    const file = this.descriptor();
    if (!own && this.buffer.length < length) this.buffer = Buffer.allocUnsafeSlow(length);
    const bytes = own ? Buffer.allocUnsafeSlow(length) : this.buffer.subarray(0, length);
    let got: number;
    try {
      got = readSync(file, bytes, 0, length, offset);
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
    openFiles.close(this);
  }

  /** Whoever has borrowed the memory keeps it; there would be too much of it for thousands of files. */
  onClosed(): void {
    this.buffer = Buffer.alloc(0);
  }

  private descriptor(): number {
    try {
      return openFiles.descriptor(this);
    } catch (error) {
      if (error instanceof UnavailableError) throw error;
      throw new CacheError(
        `${this.path} was there and cannot be opened any more: ${(error as Error).message}; put it back and run again`,
        { cause: error },
      );
    }
  }
}
