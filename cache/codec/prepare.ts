import { decodeFrames, encodeFrames, type FrameStore } from './frame-encoding.js';
import {
  assertShape,
  rawSample,
  type ClipShape,
  type Sample,
  type StoredSample,
} from '../records.js';
import { sumsOf, type ClipSums } from '../manifest/statistics.js';

/** A sample as its record will hold it, with the sums over what readers will get of it. */
export interface PreparedSample {
  readonly stored: StoredSample;
  readonly sums: ClipSums;
}

/**
 * The sample that a record holds, its frames decoded.
 * @throws CorruptRecordError when they cannot be
 */
export async function decodeSample(stored: StoredSample, { frames }: ClipShape): Promise<Sample> {
  const { format, bytes } = stored.frames;
  const { height, width } = stored.header;
  if (format === 'raw') return { ...stored, frames: bytes };
  return { ...stored, frames: await decodeFrames(bytes, { frames, height, width }, format) };
}

/**
 * Prepares a sample whose frames are as they are to be stored.
 * @throws CorruptRecordError when they cannot be decoded; RangeError when it has not the cache's shape
 */
export async function prepareStored(
  stored: StoredSample,
  shape: ClipShape,
): Promise<PreparedSample> {
  const sample = await decodeSample(stored, shape);
  assertShape(sample, shape, 'cache');
  return { stored, sums: sumsOf(sample, shape) };
}

/**
 * Turns a sample into what its record will hold; lossy frames are decoded again, so that what is
 * written is known to be readable, and the sums are those of what will be read.
 * @throws RangeError when it has not the cache's shape
 * @param sums those of the sample, where they are known; used where its frames stay as they are
 */
export async function prepareSample(
  sample: Sample,
  shape: ClipShape,
  { format, quality }: FrameStore,
  sums?: ClipSums,
): Promise<PreparedSample> {
  assertShape(sample, shape, 'cache');
  if (format === 'raw') return { stored: rawSample(sample), sums: sums ?? sumsOf(sample, shape) };
  const { height, width } = sample.header;
  const stack = { frames: shape.frames, height, width };
  const bytes = await encodeFrames(sample.frames, stack, { format, quality });
  return prepareStored({ ...sample, frames: { format, bytes } }, shape);
}
