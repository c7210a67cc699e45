import { join } from 'node:path';
import { z } from 'zod';
import { CacheError } from '../cache/manifest/manifest.js';
import { listParts, partFolder } from '../cache/merge/parts.js';
import { mergeCaches } from '../cache/merge/merge.js';

export const mergeOptions = z.strictObject({
  /** Give the parts' shards a second name in the cache's own folder, so that the parts can be deleted. */
  link: z.boolean().default(false),
  /** Join what there is of parts that are missing or not finished. */
  partial: z.boolean().default(false),
});
export type MergeInput = z.input<typeof mergeOptions>;

/** Told while parts are joined; `avme merge --json` prints it. */
export type MergeEvent =
  /** Only with `partial`: what is missing in the joined cache. */
  | { readonly event: 'unfinished'; readonly part: string; readonly problem: string }
  /** A clip that two parts have, by the content of its file; that of `of` is kept. */
  | {
      readonly event: 'duplicate';
      readonly id: string;
      readonly clip: number;
      readonly of: string;
    };

export interface MergeRequest {
  /** Folder of the joined cache. */
  readonly cache: string;
  /** Caches to join; default: the parts that `shard` of preprocessing made in the folder, all of them. */
  readonly parts?: readonly string[];
  readonly options?: MergeInput;
  readonly onEvent?: (event: MergeEvent) => void;
}

export interface MergeSummary {
  readonly parts: number;
  readonly samples: number;
  readonly shards: number;
  readonly bytes: number;
  /** Samples that two parts had. */
  readonly duplicates: number;
  /** Videos in quarantine. */
  readonly quarantined: number;
  /** Parts of which something is missing; 0 without `partial`. */
  readonly unfinished: number;
  /** Attempts at parts that do not count; they were deleted. */
  readonly pruned: number;
}

/** The folders of all parts of a cache, those that are missing among them. */
async function partsOf(cache: string): Promise<string[]> {
  const found = await listParts(cache);
  const counts = [...new Set(found.map(({ count }) => count))];
  const [count] = counts;
  if (count === undefined)
    throw new CacheError(
      `${cache} holds no parts, folders like ${partFolder({ index: 0, count: 4 })} that avme preprocess --shard makes; name the caches to join behind it`,
    );
  if (counts.length > 1)
    throw new CacheError(
      `${cache} holds parts of ${counts.join(' and of ')}; name those to join behind it, or delete the others`,
    );
  return Array.from({ length: count }, (_, index) => join(cache, partFolder({ index, count })));
}

/**
 * Joins the parts of a cache that several processes have made, without copying data.
 * @throws CacheError when parts are missing, not finished or of other settings; nothing has changed then
 */
export async function merge({
  cache,
  parts = [],
  options = {},
  onEvent,
}: MergeRequest): Promise<MergeSummary> {
  const folders = parts.length > 0 ? parts : await partsOf(cache);
  const result = await mergeCaches(cache, folders, {
    ...mergeOptions.parse(options),
    onDuplicate({ id, clip }, kept) {
      onEvent?.({ event: 'duplicate', id, clip, of: kept.id });
    },
  });
  for (const { folder: part, problem } of result.unfinished)
    onEvent?.({ event: 'unfinished', part, problem });
  const { shards, samples } = result.manifest;
  return {
    parts: result.parts,
    samples,
    shards: shards.length,
    bytes: shards.reduce((sum, shard) => sum + shard.bytes, 0),
    duplicates: result.duplicates,
    quarantined: result.quarantined,
    unfinished: result.unfinished.length,
    pruned: result.pruned,
  };
}
