import { join } from 'node:path';
import { cacheIdentity } from '../../cache/manifest/manifest.js';
import { checkPartAddable } from '../../cache/folder/addable.js';
import { partFolder } from '../../cache/merge/parts.js';
import type { CacheWriterOptions } from '../../cache/writer.js';
import type { ClipShape } from '../../cache/records.js';
import { cacheKindOf } from '../../stages/shard-cache/cache-kind.js';
import { cacheConfiguration, type PreprocessOptions } from './options.js';

/** What kind of cache preprocessing with these options makes. */
export function cacheKind(
  options: PreprocessOptions,
  tools: Readonly<Record<string, string | number>> = {},
  signal?: AbortSignal,
): Promise<CacheWriterOptions> {
  return cacheKindOf(cacheConfiguration(options), options, tools, signal);
}

/**
 * The folder of the cache that is written: a part has one of its own, inside that of the whole.
 * @throws CacheError when there could be no joining the part with what is there; not for a whole
 */
export async function cacheFolder(
  folder: string,
  { shard }: Pick<PreprocessOptions, 'shard'>,
  { configuration, tools, shape }: CacheWriterOptions,
): Promise<string> {
  if (shard === null) return folder;
  await checkPartAddable(folder, cacheIdentity(configuration, tools, shape));
  return join(folder, partFolder(shard));
}

/** Bytes of the arrays of one raw clip, at least: where frames are not square it has more. */
export function rawClipBytes({
  frames,
  storeSize,
  positions,
  mfccFrames,
  cepstra,
  melBands = 0,
}: ClipShape) {
  return frames * storeSize ** 2 * 3 + positions + 4 * mfccFrames * (cepstra + melBands);
}
