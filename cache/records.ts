/**
 * The records of avme and the check of their shapes: a source yields {@link VideoEntry}s, the shard
 * cache holds {@link Sample}s.
 */

/** What a source yields: one video, or one segment of it. */
export interface VideoEntry {
  /** Path of the file, absolute. */
  readonly path: string;
  /** Stable name of the entry inside its source, e.g. the path relative to the folder, "/"-separated. */
  readonly id: string;
  readonly label: string | null;
  readonly split: string | null;
  /** Segment of the video in seconds on its own time line; null means the file's own start or end. */
  readonly start: number | null;
  readonly end: number | null;
}

/** What happened to a clip on its way that a user of the data should know. */
export interface ClipFlags {
  /** The clip has a sound track that is not silent. */
  readonly audioPresent: boolean;
  /** How many of the frames stand in for one that could not be decoded. */
  readonly substituted: number;
  /** How many frames repeat the last one because the video ends before the clip's span does. */
  readonly held: number;
  /** Distinct complaints of the decoder, in its own words; at most 8. */
  readonly warnings: readonly string[];
}

/** Shape of what a clip holds: frames `[frames, height, width, 3]`, MFCC `[mfccFrames, cepstra]`, log-mel `[mfccFrames, melBands]`. */
export interface ClipShape {
  readonly frames: number;
  /** Side of the square that the model sees; the mask belongs to it. */
  readonly size: number;
  /** Short side of the stored frames, at least `size`: the rest is room for random crops. */
  readonly storeSize: number;
  /** Stored frames are square; otherwise each clip has a long side of its own. */
  readonly square: boolean;
  /** Positions of the spatial mask: (size / patch)². */
  readonly positions: number;
  /** N_len: 4 MFCC frames a source frame step, `4 · frames · stride`. */
  readonly mfccFrames: number;
  readonly cepstra: number;
  /** Bands of the log-mel spectrum, which has the MFCC's time grid; not there in a cache without one. */
  readonly melBands?: number | undefined;
}

/** The arrays of a clip that are kept in the cache. */
export interface ClipArrays {
  /** uint8 `[frames, height, width, 3]`, RGB. */
  readonly frames: Uint8Array;
  /** uint8 `[positions]`, 1 = masked, the same for all temporal slots (tube mask). */
  readonly mask: Uint8Array;
  /** float32 `[mfccFrames, cepstra]`; zeros when the clip has no sound. */
  readonly mfcc: Float32Array;
  /** float32 `[mfccFrames, melBands]`; zeros when the clip has no sound, not there where the shape has none. */
  readonly mel?: Float32Array | undefined;
}

/** Size of a clip's stored frames in pixels. */
export interface FrameSize {
  readonly height: number;
  readonly width: number;
}

/** What stands beside the arrays in the cache; JSON. */
export interface SampleHeader extends FrameSize {
  readonly key: string;
  readonly path: string;
  readonly id: string;
  readonly label: string | null;
  readonly split: string | null;
  readonly start: number | null;
  readonly end: number | null;
  readonly contentHash: string;
  readonly clip: number;
  readonly times: readonly number[];
  readonly span: readonly [number, number];
  readonly flags: ClipFlags;
}

/** What tells samples apart, known of each without reading it. */
export type SampleEntry = Pick<SampleHeader, 'key' | 'id' | 'clip' | 'label' | 'split'>;

/** One record of the cache. */
export interface Sample extends ClipArrays {
  readonly header: SampleHeader;
}

/** How frames lie in a record: as they are, or as one picture that is smaller and not quite the same. */
export const FRAME_FORMATS = ['raw', 'jpeg', 'webp'] as const;
export type FrameFormat = (typeof FRAME_FORMATS)[number];
export type LossyFormat = Exclude<FrameFormat, 'raw'>;

/** The frames of a record as they lie there. */
export interface StoredFrames {
  readonly format: FrameFormat;
  readonly bytes: Uint8Array;
}

/** A sample as its record holds it. */
export interface StoredSample extends Omit<Sample, 'frames'> {
  readonly frames: StoredFrames;
}

/** A sample whose frames are kept as they are. */
export function rawSample({ frames, ...sample }: Sample): StoredSample {
  return { ...sample, frames: { format: 'raw', bytes: frames } };
}

/**
 * Checks a clip against the shape that its cache was made for.
 * @throws RangeError naming the stage, the array, its length and the expected one.
 */
export function assertShape(
  { header: { height, width }, ...arrays }: ClipArrays & { readonly header: FrameSize },
  shape: ClipShape,
  stage: string,
): void {
  if (Math.min(height, width) !== shape.storeSize || (shape.square && height !== width))
    throw new RangeError(
      `${stage}: frames are ${width}×${height}, expected ${shape.square ? `${shape.storeSize}×${shape.storeSize}` : `a short side of ${shape.storeSize}`}`,
    );
  const expected: Record<keyof ClipArrays, number> = {
    frames: shape.frames * height * width * 3,
    mask: shape.positions,
    mfcc: shape.mfccFrames * shape.cepstra,
    mel: shape.mfccFrames * (shape.melBands ?? 0),
  };
  for (const name of ['frames', 'mask', 'mfcc', 'mel'] as const) {
    const length = arrays[name]?.length ?? 0;
    if (length !== expected[name])
      throw new RangeError(
        `${stage}: ${name} holds ${length} values, expected ${expected[name]} for ${JSON.stringify(shape)}`,
      );
  }
}
