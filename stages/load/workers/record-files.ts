import { SpanReader } from '../../../cache/span-reader.js';
import type { RecordPlace } from '../../../cache/shard/source.js';

/** Reads records from the files of shards; how many of them are open at once, their pool decides. */
export class RecordFiles {
  private readonly files = new Map<string, SpanReader>();

  /** @returns bytes that the next read may overwrite @throws CorruptRecordError, CacheError */
  read({ path, offset, length }: RecordPlace): Buffer {
    let file = this.files.get(path);
    if (file === undefined) this.files.set(path, (file = new SpanReader(path)));
    return file.read(offset, length, false);
  }

  close(): void {
    for (const file of this.files.values()) file.close();
    this.files.clear();
  }
}
