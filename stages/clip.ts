import type { VideoEntry } from '../cache/records.js';
import type { DecodedClip } from './decode/decoded-clip.js';
import type { VideoIndex } from './probe/video-index.js';
import type { Sampling } from './sample/sample-clips.js';

/**
 * The records that flow through preprocessing, one type a stage: each stage adds its result and
 * leaves the rest as it is, so a stage of your own may stand anywhere between two of them.
 */

/** Options of the stages passed so far that decide what a sample is; the cache's configuration. */
export type Configuration = Readonly<Record<string, unknown>>;

/** One clip of a video. */
export interface ClipKey {
  /** Number of the clip inside its entry, from 0. */
  readonly index: number;
  /** Identifies the clip; its random draws depend on it. */
  readonly key: string;
}

/** A video, or a segment of one, as a source lists it: what {@link videos} yields. */
export interface VideoRecord {
  readonly entry: VideoEntry;
  readonly configuration: Configuration;
  /** SHA-256 of the file, hex. */
  readonly contentHash?: string | undefined;
  /** Identifies the state of the file before it was hashed; see `fileVersion`. */
  readonly version?: string | undefined;
  /** The clips to make of it; default: all. */
  readonly wanted?: readonly ClipKey[] | undefined;
}

/** A video whose frames are known: what {@link index} yields. */
export interface IndexedVideo extends VideoRecord {
  readonly contentHash: string;
  readonly version: string;
  readonly index: VideoIndex;
}

/** A clip whose frames are chosen: what {@link sample} yields. */
export interface SampledClip extends IndexedVideo {
  readonly clip: ClipKey;
  readonly sampling: Sampling;
}

/** A clip with its frames and its audio: what {@link decode} yields. */
export interface DecodedRecord extends SampledClip, DecodedClip {
  /** Gives the memory of `frames` back; call it once nobody reads them any more. */
  readonly release: () => void;
}

/** A clip with its tube mask: what {@link tubeMask} yields. */
export interface MaskedClip extends DecodedRecord {
  /** uint8 `[positions]`, 1 = masked. */
  readonly mask: Uint8Array;
}

/** A clip with the features of its audio: what {@link mfcc} and {@link logMel} yield. */
export interface DescribedClip extends MaskedClip {
  /** float32 `[mfccFrames, 13]`; zeros where the clip is silent. */
  readonly mfcc: Float32Array;
  /** float32 `[mfccFrames, bands]`; zeros where the clip is silent. */
  readonly mel?: Float32Array | undefined;
}

/**
 * Adds a stage's options to the configuration of a record.
 * @throws RangeError when an earlier stage has another value for one of them
 */
export function configured(
  record: { readonly configuration: Configuration },
  stage: string,
  options: Configuration,
): Configuration {
  for (const [name, value] of Object.entries(options)) {
    const earlier = record.configuration[name];
    if (earlier !== undefined && earlier !== value)
      throw new RangeError(
        `${stage}: ${name} is ${JSON.stringify(value)}, but an earlier stage has ` +
          `${JSON.stringify(earlier)}; give both the same`,
      );
  }
  return { ...record.configuration, ...options };
}

/** A whole number that an earlier stage has left in the configuration. @throws RangeError */
export function configuredNumber(
  { configuration }: { readonly configuration: Configuration },
  stage: string,
  name: string,
  from: string,
): number {
  const value = configuration[name];
  if (typeof value !== 'number')
    throw new RangeError(
      `${stage}: the records do not say their ${name}; put ${from} in front of it, ` +
        `or add configuration: { ${name} } to the records`,
    );
  return value;
}

/** @throws RangeError when a record has not passed the stage that yields what this one needs */
export function assertHas(record: object, stage: string, field: string, from: string): void {
  if (!(field in record))
    throw new RangeError(`${stage}: the records have no ${field}; put ${from} in front of it`);
}
