import { isDeepStrictEqual } from 'node:util';
import { StatisticsFold } from '../../cache/manifest/statistics.js';
import { sumsDiffer, type ShardVerdict } from '../../cache/verify/drop.js';
import type { Manifest } from '../../cache/manifest/manifest.js';
import type { SurveyedShard } from '../../cache/verify/survey.js';
import type { VerifiedChunk } from '../../cache/verify/chunk.js';

/** What is known of a shard while its samples are being verified. */
export class ShardTally {
  private readonly bad = new Set<string>();
  private readonly fold: StatisticsFold;

  constructor(
    readonly shard: SurveyedShard,
    { shape }: Pick<Manifest, 'shape'>,
  ) {
    this.fold = new StatisticsFold(shape);
  }

  add({ bad, sums }: VerifiedChunk): void {
    for (const { entry } of bad) this.bad.add(entry.key);
    this.fold.addShard(sums, []);
  }

  verdict(): ShardVerdict {
    return { shard: this.shard, bad: this.bad, sums: this.fold.sums() };
  }

  /** Adds the good samples to what the statistics of the whole cache should be. */
  addTo(whole: StatisticsFold): void {
    whole.addShard(
      this.fold.sums(),
      this.shard.rows.filter(({ key }) => !this.bad.has(key)),
    );
  }

  /** Whether nothing of the shard is lost. */
  get good(): boolean {
    const { problem, lost, live } = this.shard;
    return problem === null && lost.length === 0 && this.bad.size === 0 && !live;
  }

  /** @returns what is wrong with what the manifest says about the samples, all of which are good */
  sumsProblem(): string | null {
    return this.good && this.shard.entry.sealed && sumsDiffer(this.verdict())
      ? `the sums of ${this.shard.entry.file} in it are not those of its samples`
      : null;
  }

  /** @returns what is wrong with the statistics of a cache; null as well where that cannot be said */
  static statisticsProblem(tallies: readonly ShardTally[], manifest: Manifest): string | null {
    const whole = tallies.length === manifest.shards.length && tallies.every(({ good }) => good);
    if (!whole || manifest.statistics === null) return null;
    const fold = new StatisticsFold(manifest.shape);
    for (const tally of tallies) tally.addTo(fold);
    return isDeepStrictEqual(fold.result(), manifest.statistics)
      ? null
      : 'the statistics in it are not those of its samples';
  }
}
