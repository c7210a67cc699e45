import { hashOf, keyTable, samplesWith, type KeyTable } from './catalogue/key-table.js';
import type { SampleEntry } from './records.js';
import { byEntry } from './shard/shard-index.js';
import type { ShardSource } from './shard/source.js';

/** Where a sample lies. */
export interface SamplePlace {
  readonly entry: SampleEntry;
  readonly shard: ShardSource;
  /** Of the shard. */
  readonly row: number;
  /** The shard's, in the manifest. */
  readonly file: string;
  /** The shard's place in the manifest, as it was read. */
  readonly number: number;
}

/** The samples of a cache in their order. */
export interface SampleList {
  readonly size: number;
  /** @param index 0 to size − 1 */
  place(index: number): SamplePlace;
  /** @returns the index of the sample, or undefined */
  find(key: string): number | undefined;
  close(): Promise<void>;
}

/** Samples whose entries are all in memory. */
export class ListedSamples implements SampleList {
  /** Made when the first key is asked for. */
  private keys: KeyTable | undefined;
  private readonly places: readonly SamplePlace[];

  constructor(
    private readonly shards: readonly { readonly shard: ShardSource; readonly file: string }[],
  ) {
    this.places = shards
      .flatMap(({ shard, file }, number) =>
        shard.rows.map((entry, row) => ({ entry, shard, row, file, number })),
      )
      .sort((a, b) => byEntry(a.entry, b.entry));
  }

  get size(): number {
    return this.places.length;
  }

  place(index: number): SamplePlace {
    const place = this.places[index];
    if (place === undefined) throw new RangeError(`cache: there is no sample ${index}`);
    return place;
  }

  find(key: string): number | undefined {
    this.keys ??= keyTable(BigUint64Array.from(this.places, ({ entry }) => hashOf(entry.key)));
    // The last one, as it ever was; no cache that avme makes has a key twice.
    let found: number | undefined;
    for (const index of samplesWith(this.keys, hashOf(key)))
      if (this.place(index).entry.key === key) found = index;
    return found;
  }

  async close(): Promise<void> {
    await Promise.all(this.shards.map(({ shard }) => shard.close()));
  }
}
