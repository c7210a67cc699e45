import { rankPlaces, sampleSequence, type SampleSequence } from '../../cache/order/sequence.js';
import { groupByShard } from './by-shard.js';
import { otherClipsOf } from './other-audio.js';
import type { CompleteOptions, LoaderSource } from './options.js';

/** Which sample stands at a place, and what it takes to read it. */
export interface PlannedClip {
  readonly place: number;
  /** How many samples before this one could not be read at the place. */
  readonly attempt: number;
  readonly source: number;
  readonly index: number;
  readonly key: string;
  readonly epoch: number;
  /** Index of the sample of the same source whose sound it is heard with, where it is not its own. */
  readonly audioFrom: number | undefined;
}

/** A sample that could not be read. */
export interface BadRecord {
  readonly source: number;
  readonly index: number;
  readonly key: string;
  readonly id: string;
  readonly message: string;
}

/** Says which samples stand where, and remembers those that cannot be read. */
export class Plan {
  private readonly sequence: SampleSequence;
  private readonly sources: readonly (LoaderSource & { readonly count: number; readonly others: ReadonlyMap<number, number> | undefined })[]; // prettier-ignore
  private readonly bad = new Map<string, BadRecord>();

  constructor(private readonly options: CompleteOptions) {
    this.sources = options.sources.map((source) => ({
      ...source,
      count: source.indices?.length ?? source.reader.size,
      others: options.sound === 'shuffled' ? otherClipsOf(source, options.seed) : undefined,
    }));
    const { order = 'global' } = options;
    const blocks = order === 'global' ? undefined : order === 'blocks' ? {} : order;
    const parts = this.sources.map(({ reader, indices, count, repeat, weight }) => ({
      samples: count,
      ...(blocks !== undefined && {
        groups: groupByShard(count, reader.manifest.shards.length, (sample) =>
          reader.shardOf(indices?.[sample] ?? sample),
        ),
      }),
      ...(repeat === undefined ? {} : { repeat }),
      ...(weight === undefined ? {} : { weight }),
    }));
    this.sequence = sampleSequence(parts, options.seed, blocks);
  }

  /** Places of an epoch, over all ranks. */
  get epochLength(): number {
    return this.sequence.epochLength;
  }

  get badRecords(): readonly BadRecord[] {
    return [...this.bad.values()];
  }

  /** The clips of this rank's batch of those that begin at `place`; places from `end` on are left out. */
  batch(place: number, end: number): PlannedClip[] {
    const { batch, rank, world } = this.options;
    return rankPlaces(place, batch, rank, world)
      .filter((own) => own < end)
      .map((own) => this.clip(own, 0));
  }

  /**
   * What stands at a place: the first of its samples, from `attempt` on, that is not known to be bad.
   * @throws Error when there is none
   */
  clip(place: number, attempt: number): PlannedClip {
    for (let next = attempt; next <= this.epochLength; next++) {
      const { part, sample, epoch } = this.sequence.at(place, next);
      const source = this.sources[part];
      const index = source?.indices === undefined ? sample : (source.indices[sample] ?? 0);
      if (!this.bad.has(`${part}/${index}`)) {
        const key = source?.reader.entry(index).key ?? '';
        const heard = source?.others?.get(index);
        return { place, attempt: next, source: part, index, key, epoch, audioFrom: heard };
      }
    }
    throw new Error(
      `loader: none of the ${this.epochLength} samples can be read; run avme verify on the cache`,
    );
  }

  /** Remembers that a sample cannot be read. @returns what is known of it */
  reject({ source, index, key }: PlannedClip, message: string): BadRecord {
    const reader = this.sources[source]?.reader;
    const { id = '' } = reader?.entry(index) ?? {};
    const record = { source, index, key, id, message };
    this.bad.set(`${source}/${index}`, record);
    return record;
  }
}
