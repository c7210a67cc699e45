import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';
import type { Clip, Sample } from './records.js';

/**
 * The key of a clip: SHA-256, hex, of what it is made from (the file's content and the segment), by
 * which settings, and under which name. The name is part of it because the same file may stand in
 * two classes, and neither must vanish.
 */
export function sampleKey(
  fingerprint: string,
  { contentHash, entry, index }: Pick<Clip, 'contentHash' | 'entry' | 'index'>,
): string {
  const { id, start, end } = entry;
  return createHash('sha256')
    .update(canonicalJson([fingerprint, contentHash, id, start, end, index]))
    .digest('hex');
}

/** The sample that a clip becomes in the cache; shares the clip's arrays. */
export function sampleOf(clip: Clip, fingerprint: string): Sample {
  const { entry, contentHash, index, times, span, flags, frames, mask, mfcc } = clip;
  const { path, id, label, split, start, end } = entry;
  const key = sampleKey(fingerprint, clip);
  const source = { path, id, label, split, start, end, contentHash, clip: index };
  return { header: { key, ...source, times, span, flags }, frames, mask, mfcc };
}
