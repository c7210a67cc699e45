import { createHash } from 'node:crypto';
import { canonicalJson } from './manifest/canonical-json.js';

/** What a clip is made from. */
export interface ClipOrigin {
  /** SHA-256 of the source file, hex. */
  readonly contentHash: string;
  /** Segment of it in seconds; null means the file's own start or end. */
  readonly start: number | null;
  readonly end: number | null;
  /** Index of the clip inside its entry. */
  readonly clip: number;
}

/**
 * The key of a sample: SHA-256, hex, of what it is made from and by which settings. The same
 * content, cut the same way, has the same key whatever its file is called.
 */
export function sampleKey(
  fingerprint: string,
  { contentHash, start, end, clip }: ClipOrigin,
): string {
  return createHash('sha256')
    .update(canonicalJson([fingerprint, contentHash, start, end, clip]))
    .digest('hex');
}
