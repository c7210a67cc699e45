import type { SampleEntry } from '../records.js';
import type { StoredHeader } from '../manifest/statistics.js';

/** Bytes of a file. */
export interface RecordPlace {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** A shard as its readers see it; samples are named by their place in `rows`. */
export interface ShardSource {
  /** In the order of samples. */
  readonly rows: readonly SampleEntry[];
  /** Bytes of the file. */
  readonly bytes: number;
  /**
   * The bytes of a record, unchecked.
   * @param own in memory that nothing else uses; otherwise the next read may overwrite them
   * @throws CorruptRecordError when they are not there
   */
  record(row: number, own: boolean): Uint8Array;
  /** @throws CorruptRecordError */
  header(row: number): StoredHeader;
  /** @returns undefined where it may change, in a shard that is being written */
  place(row: number): RecordPlace | undefined;
  close(): Promise<void>;
}
