import { PADDING, resizeKernel, ROW_TAP, TAP, type ResizeCall } from './kernel.js';
import { bilinearTaps, WEIGHT_BITS } from './taps.js';

/** A crop box in pixels of the stored frames; all frames of a clip share it. */
export interface CropBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface FrameSize {
  readonly height: number;
  readonly width: number;
}

const PAGE = 65_536;
/** The kernel works on four pixels at a time. */
const SMALLEST = 4;
const ONE = 1 << WEIGHT_BITS;

const memory = new WebAssembly.Memory({ initial: 0 });
let kernel: ((call: ResizeCall) => void) | undefined;

/** Where everything of one frame's scaling lies in the memory. */
function arrange(width: number, box: CropBox, size: number) {
  const rows = 0;
  const columns = rows + ROW_TAP * size;
  const scratch = columns + TAP * size;
  const source = scratch + 6 * box.width + 2 * PADDING + 32;
  const out = source + 3 * width * box.height + PADDING;
  const end = out + 3 * size * size + PADDING;
  const missing = Math.ceil(end / PAGE) - memory.buffer.byteLength / PAGE;
  if (missing > 0) memory.grow(missing);
  return { rows, columns, scratch, source, out };
}

function writeTables(
  places: ReturnType<typeof arrange>,
  width: number,
  box: CropBox,
  mirrored: boolean,
  size: number,
): void {
  const view = new DataView(memory.buffer);
  const down = bilinearTaps(0, box.height, size, false);
  const across = bilinearTaps(0, box.width, size, mirrored);
  for (let i = 0; i < size; i++) {
    const row = places.rows + ROW_TAP * i;
    const [low = 0, second = 0] = [down.low[i], down.weight[i]];
    view.setUint32(row, 3 * (width * low + box.x), true);
    view.setUint32(row + 4, 3 * (width * (low + (down.single ? 0 : 1)) + box.x), true);
    view.setInt16(row + 8, ONE - second, true);
    view.setInt16(row + 10, second, true);
    const column = places.columns + TAP * i;
    const weight = across.weight[i] ?? 0;
    // The mixed row has values of two bytes, three a pixel.
    view.setUint32(column, 6 * (across.low[i] ?? 0), true);
    view.setInt16(column + 4, ONE - weight, true);
    view.setInt16(column + 6, weight, true);
  }
}

function scale(
  frames: Uint8Array,
  { height, width }: FrameSize,
  box: CropBox,
  mirrored: boolean,
  size: number,
  out: Uint8Array,
): void {
  const places = arrange(width, box, size);
  writeTables(places, width, box, mirrored, size);
  kernel ??= resizeKernel(memory);
  const bytes = new Uint8Array(memory.buffer);
  const frameBytes = 3 * width * height;
  const outBytes = 3 * size * size;
  const made = bytes.subarray(places.out, places.out + outBytes);
  for (let frame = 0, at = 0; at < frames.length; frame++, at += frameBytes) {
    const first = at + 3 * width * box.y;
    bytes.set(frames.subarray(first, first + 3 * width * box.height), places.source);
    kernel({ ...places, rowBytes: 3 * box.width, size });
    out.set(made, frame * outBytes);
  }
}

/** Nothing is scaled or mirrored: rows are copied, whole frames where they are as wide as the box. */
function copyBox(
  frames: Uint8Array,
  { height, width }: FrameSize,
  box: CropBox,
  out: Uint8Array,
): void {
  const whole = box.width === width;
  const rowBytes = whole ? 3 * width * box.height : 3 * box.width;
  let to = 0;
  for (let at = 0; at < frames.length; at += 3 * width * height)
    for (let y = 0; y < (whole ? 1 : box.height); y++) {
      const from = at + 3 * (width * (box.y + y) + box.x);
      out.set(frames.subarray(from, from + rowBytes), to);
      to += rowBytes;
    }
}

/**
 * Crops `box` out of every frame, scales it to a square of `outSize` (bilinear, without
 * antialiasing) and mirrors it if asked. Computed in integers: the same on every machine, and at
 * most 1 from the real-valued formula.
 * @param frames uint8 `[count, height, width, 3]`
 * @param box inside the frames
 * @param outSize at least 4
 * @param out uint8 `[count, outSize, outSize, 3]`, written in place
 * @throws RangeError when `outSize` is too small
 */
export function cropAndResize(
  frames: Uint8Array,
  size: FrameSize,
  box: CropBox,
  mirrored: boolean,
  outSize: number,
  out: Uint8Array,
): void {
  if (outSize < SMALLEST)
    throw new RangeError(
      `augment: got frames of ${outSize} pixels a side; ${SMALLEST} is the least`,
    );
  if (!mirrored && box.width === outSize && box.height === outSize) copyBox(frames, size, box, out);
  else scale(frames, size, box, mirrored, outSize, out);
}
