import { canonicalJson } from '../manifest/canonical-json.js';
import type { ClipShape, SampleEntry, StoredSample } from '../records.js';
import { sumsOf, type StoredHeader } from '../manifest/statistics.js';

/** What samples must be beyond what their checksums say. */
export interface SampleRules {
  readonly shape: ClipShape;
  /** How many positions every mask hides; null: any number. */
  readonly masked: number | null;
}

const same = (a: unknown, b: unknown) => canonicalJson(a) === canonicalJson(b);

function entryProblem(entry: SampleEntry, { header }: StoredHeader): string | null {
  for (const name of ['id', 'clip', 'label', 'split'] as const)
    if (entry[name] !== header[name])
      return `the index says ${name} ${JSON.stringify(entry[name])}, its header ${JSON.stringify(header[name])}`;
  return null;
}

function maskProblem(mask: Uint8Array, masked: number | null): string | null {
  let hidden = 0;
  for (const value of mask) {
    if (value > 1) return `its mask holds ${value}, which is neither 0 nor 1`;
    hidden += value;
  }
  return masked === null || hidden === masked
    ? null
    : `its mask hides ${hidden} of ${mask.length} positions, the others ${masked}`;
}

/**
 * What is wrong with a sample whose checksums are right: then whoever wrote it made a mistake.
 * @returns one phrase, or null
 */
export function sampleProblem(
  entry: SampleEntry,
  sample: StoredSample,
  stored: StoredHeader,
  { shape, masked }: SampleRules,
): string | null {
  const { times } = stored.header;
  return (
    (same(sample.header, stored.header) ? null : 'its record and its header differ') ??
    entryProblem(entry, stored) ??
    (times.length === shape.frames ? null : `it has ${times.length} times`) ??
    maskProblem(sample.mask, masked) ??
    (sample.mfcc.every(Number.isFinite) ? null : 'its MFCC holds NaN or infinite values') ??
    ((sample.mel ?? []).every(Number.isFinite)
      ? null
      : 'its log-mel spectrum holds NaN or infinite values')
  );
}

/**
 * Whether the sums that the statistics are made of are those of the arrays.
 * @param frames as they are in memory; null leaves them out
 */
export function sumsProblem(
  { mfcc, mel }: Pick<StoredSample, 'mfcc' | 'mel'>,
  frames: Uint8Array | null,
  { sums }: StoredHeader,
  shape: ClipShape,
): string | null {
  const found = sumsOf(
    { frames: frames ?? new Uint8Array(), mask: new Uint8Array(), mfcc, mel },
    shape,
  );
  if (frames !== null && !same(found.pixels, sums.pixels))
    return 'the sums in its header are not those of its pixels';
  if (!same(found.mfcc, sums.mfcc)) return 'the sums in its header are not those of its MFCC';
  return same(found.mel ?? null, sums.mel ?? null)
    ? null
    : 'the sums in its header are not those of its log-mel spectrum';
}
