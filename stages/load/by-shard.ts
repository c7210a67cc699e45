/** Samples put together by the shard that they lie in. */
export interface ShardGroups {
  /** Samples of each shard that has any, in the order of the shards. */
  readonly sizes: readonly number[];
  /** Numbers of the samples, shard after shard, ascending in each. */
  readonly samples: Uint32Array;
}

/**
 * @param count of samples
 * @param shards how many there are
 * @param shardOf sample → its shard
 */
export function groupByShard(
  count: number,
  shards: number,
  shardOf: (sample: number) => number,
): ShardGroups {
  const owner = Uint32Array.from({ length: count }, (_, sample) => shardOf(sample));
  const sizes = new Array<number>(shards).fill(0);
  for (const shard of owner) sizes[shard] = (sizes[shard] ?? 0) + 1;
  let sum = 0;
  const next = sizes.map((size) => (sum += size) - size);
  const samples = new Uint32Array(count);
  owner.forEach((shard, sample) => {
    const at = next[shard] ?? 0;
    samples[at] = sample;
    next[shard] = at + 1;
  });
  return { sizes: sizes.filter((size) => size > 0), samples };
}
