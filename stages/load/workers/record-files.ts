import { SpanReader } from '../../../cache/span-reader.js';
import type { RecordPlace } from '../../../cache/shard/source.js';

/** Enough for random order over many shards; a process may have no more than 1,024 on most systems. */
const OPEN_FILES = 64;

/** Reads records from the files of shards, of which it keeps the latest few open. */
export class RecordFiles {
  private readonly files = new Map<string, SpanReader>();

  /** @returns bytes that the next read may overwrite @throws CorruptRecordError */
  read({ path, offset, length }: RecordPlace): Buffer {
    return this.open(path).read(offset, length, false);
  }

  close(): void {
    for (const file of this.files.values()) file.close();
    this.files.clear();
  }

  private open(path: string): SpanReader {
    const file = this.files.get(path) ?? new SpanReader(path);
    // A map keeps the order of insertion: the first is the one not used for longest.
    this.files.delete(path);
    this.files.set(path, file);
    if (this.files.size > OPEN_FILES) {
      const [oldest] = this.files;
      oldest?.[1].close();
      this.files.delete(oldest?.[0] ?? '');
    }
    return file;
  }
}
