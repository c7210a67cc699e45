import { CorruptRecordError } from './codec.js';
import type { FrameFormat, FrameSize, LossyFormat } from '../records.js';

/** How a cache keeps its frames. */
export interface FrameStore {
  readonly format: FrameFormat;
  /** 1 to 100; means nothing for raw frames. */
  readonly quality: number;
}

export const RAW_FRAMES: FrameStore = { format: 'raw', quality: 100 };

/** Size of a clip's frames, and how many there are. */
export interface FrameStack extends FrameSize {
  readonly frames: number;
}

/** Loaded when the first picture is met: caches of raw frames do without it. */
async function loadSharp() {
  const { default: sharp } = await import('sharp');
  // Several pictures at once are better than several threads a picture, and none is opened twice.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}

/** Pixels of the blocks that are coded as one: no block shall belong to two frames. */
const BLOCK: Record<LossyFormat, number> = { jpeg: 8, webp: 16 };

/** The most rows that a picture can have: they are counted in 16 and in 14 bits. */
const MAX_ROWS: Record<LossyFormat, number> = { jpeg: 65_535, webp: 16_383 };

/** Version of what decides the bytes of a picture, for the fingerprint of a cache. */
export async function frameEncoderVersion(): Promise<string> {
  const { versions } = await loadSharp();
  return `sharp ${versions.sharp} with libvips ${versions.vips}`;
}

/** Rows of the picture that one frame takes: all its own, and copies of the last one. */
function rowsOf({ height }: FrameSize, format: LossyFormat): number {
  return Math.ceil(height / BLOCK[format]) * BLOCK[format];
}

/** The picture of a clip's frames would have more rows than its format can have. */
export class FramesTooLargeError extends RangeError {
  override name = 'FramesTooLargeError';
}

/**
 * Whether frames of this size can be kept so.
 * @throws FramesTooLargeError saying what can be done
 */
export function assertEncodable(stack: FrameStack, { format }: FrameStore): void {
  if (format === 'raw') return;
  const rows = stack.frames * rowsOf(stack, format);
  if (rows > MAX_ROWS[format] || stack.width > MAX_ROWS[format])
    throw new FramesTooLargeError(
      `${stack.frames} frames of ${stack.width}×${stack.height} are too large for one ${format} picture; ` +
        (format === 'webp' ? 'keep them as jpeg or raw' : 'keep them raw'),
    );
}

/** Frames one below the other, each filled up to whole blocks by its last row. */
function stacked(frames: Uint8Array, stack: FrameStack, rows: number): Uint8Array {
  const { frames: count, height, width } = stack;
  if (rows === height) return frames;
  const row = width * 3;
  const picture = new Uint8Array(count * rows * row);
  for (let t = 0; t < count; t++) {
    picture.set(frames.subarray(t * height * row, (t + 1) * height * row), t * rows * row);
    const last = picture.subarray((t * rows + height - 1) * row, (t * rows + height) * row);
    for (let y = height; y < rows; y++) picture.set(last, (t * rows + y) * row);
  }
  return picture;
}

/** Takes the rows that fill up away again, in place. */
function unstacked(picture: Uint8Array, stack: FrameStack, rows: number): Uint8Array {
  const { frames: count, height, width } = stack;
  const row = width * 3;
  for (let t = 1; t < count && rows !== height; t++)
    picture.copyWithin(t * height * row, t * rows * row, (t * rows + height) * row);
  return picture.subarray(0, count * height * row);
}

/**
 * Makes one picture of a clip's frames, one below the other: decoding it then gives them as they lie
 * in memory, in one call. JPEG keeps colours at full resolution, WebP halves it.
 * @param frames uint8 `[frames, height, width, 3]`, RGB
 * @throws FramesTooLargeError
 */
export async function encodeFrames(
  frames: Uint8Array,
  stack: FrameStack,
  { format, quality }: { readonly format: LossyFormat; readonly quality: number },
): Promise<Uint8Array> {
  assertEncodable(stack, { format, quality });
  const rows = rowsOf(stack, format);
  const raw = { width: stack.width, height: stack.frames * rows, channels: 3 } as const;
  const sharp = await loadSharp();
  const picture = sharp(stacked(frames, stack, rows), { raw });
  const encoded =
    format === 'jpeg'
      ? picture.jpeg({ quality, chromaSubsampling: '4:4:4' })
      : // More effort than this saves a few percent of the bytes and doubles the time.
        picture.webp({ quality, effort: 2 });
  return encoded.toBuffer();
}

/**
 * Frames from the picture that {@link encodeFrames} made.
 * @returns uint8 `[frames, height, width, 3]`, RGB, in memory of its own
 * @throws CorruptRecordError when it is no such picture
 */
export async function decodeFrames(
  picture: Uint8Array,
  stack: FrameStack,
  format: LossyFormat,
): Promise<Uint8Array> {
  const rows = rowsOf(stack, format);
  const pixels = stack.frames * rows * stack.width;
  const sharp = await loadSharp();
  try {
    const { data, info } = await sharp(picture, { limitInputPixels: pixels })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (width !== stack.width || height !== stack.frames * rows || channels !== 3)
      throw new Error(`it has ${width}×${height} pixels of ${channels} channels`);
    return unstacked(new Uint8Array(data.buffer, data.byteOffset, data.length), stack, rows);
  } catch (error) {
    throw new CorruptRecordError(
      `the record is damaged: its frames are no ${format} picture of ${stack.frames} frames of ` +
        `${stack.width}×${stack.height}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
