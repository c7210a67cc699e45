import { hashOf, keyTable } from '../catalogue/key-table.js';
import type { SampleEntry } from '../records.js';
import { byEntry } from '../shard/shard-index.js';

/** A sample that two shards have. */
export interface DuplicateSample {
  /** The one that is left out, and the shard that it lies in. */
  readonly entry: SampleEntry;
  readonly shard: number;
  /** The one that is kept. */
  readonly kept: SampleEntry;
  readonly keptShard: number;
}

/**
 * Finds what is there twice. A sample of the cache's own shards is kept before one of a part; of two
 * parts' the one of the smaller id, so that the same parts, cut otherwise, are joined to the same.
 * @param shards samples of each shard
 * @param own how many of the first shards are the cache's own
 */
export function findDuplicates(
  shards: readonly (readonly SampleEntry[])[],
  own: number,
): DuplicateSample[] {
  const holders = new Map<string, { readonly entry: SampleEntry; readonly shard: number }>();
  const duplicates: DuplicateSample[] = [];
  shards.forEach((rows, shard) => {
    for (const entry of rows) {
      const holder = holders.get(entry.key);
      const stays = holder !== undefined && (holder.shard < own || byEntry(entry, holder.entry) > 0); // prettier-ignore
      if (!stays) holders.set(entry.key, { entry, shard });
      if (holder === undefined) continue;
      duplicates.push(
        stays
          ? { entry, shard, kept: holder.entry, keptShard: holder.shard }
          : { entry: holder.entry, shard: holder.shard, kept: entry, keptShard: shard },
      );
    }
  });
  return duplicates;
}

/**
 * Collects the hashes of keys: 8 bytes a sample, where the samples themselves would take hundreds.
 * @param samples how many there will be
 */
export class KeyHashes {
  private readonly hashes: BigUint64Array;
  private count = 0;

  constructor(samples: number) {
    this.hashes = new BigUint64Array(samples);
  }

  add(key: string): void {
    this.hashes[this.count++] = hashOf(key);
  }

  /** @returns those that were added more than once: of samples that are there twice, and hardly any other */
  repeated(): ReadonlySet<bigint> {
    const { hashes } = keyTable(this.hashes.subarray(0, this.count));
    const found = new Set<bigint>();
    for (let i = 1; i < hashes.length; i++) {
      const hash = hashes[i] ?? 0n;
      if (hash === hashes[i - 1]) found.add(hash);
    }
    return found;
  }
}
