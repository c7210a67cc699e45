import type { ClipShape, Sample } from '../../cache/records.js';
import { augmentClip, type AugmentOptions, type Draw } from '../augment/augment.js';
import { chosenFrame, melTokens, standardizeMel, WHOLE_CLIP, type ClipParts, type MelStatistics, type AudioChoice } from './clip-parts.js'; // prettier-ignore
import { drawMask, writeTokenOrder } from '../mask/tube-mask.js';

/** The arrays of a batch as the model takes them, clips one after the other. */
export interface BatchArrays {
  /** uint8 `[clips, frames, size, size, 3]`, RGB; one frame where a model takes one. */
  readonly video: Uint8Array;
  /** Token indices the encoder sees, `[clips, visible]`, ascending. */
  readonly visible: Int32Array;
  /** Token indices to be reconstructed, `[clips, masked]`, ascending. */
  readonly masked: Int32Array;
  /** Standardised MFCCs, float32 `[clips, mfccFrames, cepstra]`; zeros where there is no sound. */
  readonly mfcc: Float32Array;
  /** 1 where the clip has sound, `[clips]`. */
  readonly audioPresent: Float32Array;
  /** Standardised log-mel spectra, float32 `[clips, mfccFrames, melBands]`; only where they were asked for. */
  readonly mel?: Float32Array | undefined;
}

/** Clips as the model takes them. */
export interface ClipBatch extends BatchArrays {
  /** Place of the first clip in the endless sequence of training samples; with the seed, all there is to know. */
  readonly position: number;
  readonly keys: readonly string[];
}

/** Mean and standard deviation of each cepstrum over the cache. */
export interface MfccStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A sample that is about to become part of a batch, with what was drawn for it. */
export interface DrawnSample {
  readonly sample: Sample;
  readonly mask: Uint8Array;
  readonly draw: Draw;
  /** Draws for what only some models need. */
  readonly drawOther: (purpose: 'frame' | 'sound mask') => Draw;
}

export interface BatchOptions {
  readonly shape: ClipShape;
  /** Side of the frames that the model takes; the stored ones are scaled to it. */
  readonly imageSize: number;
  /** Temporal slots of tubelets: frames / 2. */
  readonly slots: number;
  readonly augment: AugmentOptions;
  readonly statistics: MfccStatistics;
  /** Where log-mel spectra are asked for. */
  readonly melStatistics?: MelStatistics | undefined;
  /** Default: all frames and the MFCC. */
  readonly parts?: ClipParts | undefined;
  /** Default `own`; `shuffled` is that of the sample that is given, which another's was put into before. */
  readonly sound?: AudioChoice | undefined;
}

/** How many clips a batch has, and how many values of each kind a clip. */
export interface BatchSize {
  readonly clips: number;
  readonly pixels: number;
  readonly visible: number;
  readonly masked: number;
  readonly cepstra: number;
  /** Values of a log-mel spectrum; 0 where it was not asked for. */
  readonly mel: number;
}

/** @param hidden positions that each mask hides */
export function batchSize(
  clips: number,
  hidden: number,
  {
    shape,
    imageSize,
    slots,
    parts = WHOLE_CLIP,
  }: Pick<BatchOptions, 'shape' | 'imageSize' | 'slots' | 'parts'>,
): BatchSize {
  const [frames, repeats] = parts.frames === 'all' ? [shape.frames, slots] : [1, 1];
  const sound = melTokens(shape, parts, hidden);
  return {
    clips,
    pixels: frames * imageSize * imageSize * 3,
    visible: repeats * (shape.positions - hidden) + sound.patches - sound.hidden,
    masked: repeats * hidden + sound.hidden,
    cepstra: shape.mfccFrames * shape.cepstra,
    mel: parts.melPatch !== null ? shape.mfccFrames * (shape.melBands ?? 0) : 0,
  };
}

const ALIGNMENT = 64;
const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Where each array of a batch begins, at multiples of 64 bytes, and the bytes of all together. */
function offsetsOf({ clips, pixels, visible, masked, cepstra, mel }: BatchSize) {
  const visibleAt = aligned(clips * pixels);
  const maskedAt = visibleAt + aligned(clips * visible * 4);
  const mfccAt = maskedAt + aligned(clips * masked * 4);
  const audioAt = mfccAt + aligned(clips * cepstra * 4);
  const melAt = audioAt + aligned(clips * 4);
  return { visibleAt, maskedAt, mfccAt, audioAt, melAt, bytes: melAt + aligned(clips * mel * 4) };
}

/** Bytes of a batch's arrays. */
export const batchBytes = (size: BatchSize): number => offsetsOf(size).bytes;

/** The arrays of a batch as views of one piece of memory. @param buffer {@link batchBytes} long */
export function batchArrays(size: BatchSize, buffer: ArrayBufferLike): BatchArrays {
  const { clips, pixels, visible, masked, cepstra, mel } = size;
  const { visibleAt, maskedAt, mfccAt, audioAt, melAt } = offsetsOf(size);
  return {
    video: new Uint8Array(buffer, 0, clips * pixels),
    visible: new Int32Array(buffer, visibleAt, clips * visible),
    masked: new Int32Array(buffer, maskedAt, clips * masked),
    mfcc: new Float32Array(buffer, mfccAt, clips * cepstra),
    audioPresent: new Float32Array(buffer, audioAt, clips),
    ...(mel > 0 && { mel: new Float32Array(buffer, melAt, clips * mel) }),
  };
}

/** (mfcc − mean) / std per cepstrum. @param out written in place */
export function standardizeMfcc(
  mfcc: Float32Array,
  { mean, std }: MfccStatistics,
  out: Float32Array,
): void {
  const cepstra = mean.length;
  for (let c = 0; c < cepstra; c++) {
    const middle = mean[c] ?? 0;
    // A cepstrum that never changes carries nothing; it must not become a division by zero.
    const spread = Math.max(std[c] ?? 1, 1e-6);
    for (let i = c; i < mfcc.length; i += cepstra) out[i] = ((mfcc[i] ?? 0) - middle) / spread;
  }
}

/** The part of `array` that belongs to one of its clips. */
function partOf<T extends Uint8Array | Int32Array | Float32Array>(
  array: T,
  clip: number,
  length: number,
): T {
  return array.subarray(clip * length, (clip + 1) * length) as T;
}

/**
 * Writes one clip of a batch: augmented, standardised, with the token order of its mask. A pure
 * function of the sample and of what its `draw` yields.
 * @throws RangeError when the mask does not leave as many tokens visible as the batch has room for
 */
export function writeClip(
  { sample: { header, frames, mfcc, mel }, mask, draw, drawOther }: DrawnSample,
  { shape, imageSize, slots, augment, statistics, melStatistics, parts = WHOLE_CLIP, sound: kind = 'own' }: BatchOptions, // prettier-ignore
  clip: number,
  size: BatchSize,
  arrays: BatchArrays,
): void {
  const one = parts.frames !== 'all';
  const sound = melTokens(shape, parts, mask.reduce((sum, value) => sum + value, 0)); // prettier-ignore
  writeTokenOrder(
    one ? Uint8Array.of(...mask, ...drawMask(sound.patches, sound.hidden, drawOther('sound mask'))) : mask, // prettier-ignore
    one ? 1 : slots,
    partOf(arrays.visible, clip, size.visible),
    partOf(arrays.masked, clip, size.masked),
  );
  const { height, width } = header;
  const geometry = { height, width, size: shape.size, outSize: imageSize };
  const bytes = height * width * 3;
  const at = parts.frames === 'all' ? 0 : chosenFrame(shape.frames, parts.frames, () => drawOther('frame')) * bytes; // prettier-ignore
  const seen = one ? frames.subarray(at, at + bytes) : frames;
  augmentClip(seen, geometry, augment, draw, partOf(arrays.video, clip, size.pixels));
  const cepstra = partOf(arrays.mfcc, clip, size.cepstra);
  // Nothing is drawn where nothing depends on it: what other draws yield stays the same.
  const dropped = (augment.soundDropout ?? 0) > 0 && draw() < (augment.soundDropout ?? 0);
  const heard = header.flags.audioPresent && !dropped && kind !== 'mute';
  // Zeros, where there is sound, are the mean sound.
  const told = heard && kind !== 'presence';
  if (told) standardizeMfcc(mfcc, statistics, cepstra);
  else cepstra.fill(0);
  if (arrays.mel !== undefined) {
    const spectrum = partOf(arrays.mel, clip, size.mel);
    if (told && mel !== undefined && melStatistics !== undefined)
      standardizeMel(mel, melStatistics, spectrum);
    else spectrum.fill(0);
  }
  arrays.audioPresent[clip] = heard ? 1 : 0;
}

/**
 * Puts samples together into one batch with memory of its own.
 * @throws RangeError when the masks do not leave the same number of tokens visible
 */
export function assembleBatch(
  position: number,
  drawn: readonly DrawnSample[],
  options: BatchOptions,
): ClipBatch {
  const hidden = drawn[0]?.mask.reduce((sum, value) => sum + value, 0) ?? 0;
  const size = batchSize(drawn.length, hidden, options);
  const arrays = batchArrays(size, new ArrayBuffer(batchBytes(size)));
  drawn.forEach((sample, clip) => { writeClip(sample, options, clip, size, arrays); }); // prettier-ignore
  return { position, keys: drawn.map(({ sample }) => sample.header.key), ...arrays };
}
