import { z } from 'zod';

/** A crop box in pixels of the stored frames; all 16 frames of a clip share it. */
export interface CropBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Draws numbers in [0, 1); a sample's augmentation is a pure function of what it draws. */
export type Draw = () => number;

export const augmentOptions = z.strictObject({
  /**
   * `multi-scale`: VideoMAE's pre-training crop; `random-resized`: area 0.5–1, aspect 3/4–4/3;
   * `none`: the stored frames as they are.
   */
  crop: z.enum(['multi-scale', 'random-resized', 'none']).default('multi-scale'),
  /** Probability of a mirror image; the paper's recipe for pre-training has none. */
  flip: z.coerce.number().min(0).max(1).default(0),
});
export type AugmentOptions = z.infer<typeof augmentOptions>;

/** Sides relative to the short side that multi-scale cropping draws from (VideoMAE, GroupMultiScaleCrop). */
const SCALES = [1, 0.875, 0.75, 0.66] as const;

/** The 13 fixed places of a multi-scale crop, in quarters of the free room [x, y]. */
const PLACES = [
  [0, 0], [4, 0], [0, 4], [4, 4], [2, 2], [0, 2], [4, 2], [2, 4], [2, 0], [1, 1], [3, 1], [1, 3], [3, 3],
] as const; // prettier-ignore

function pick<T>(items: readonly T[], draw: Draw): T {
  return items[Math.floor(draw() * items.length)] as T;
}

function multiScaleBox(size: number, draw: Draw): CropBox {
  const sides = SCALES.map((scale) => Math.floor(size * scale));
  // Width and height may differ by one step of the scale at most ("max_distort = 1").
  const pairs = sides.flatMap((width, i) =>
    sides.filter((_, j) => Math.abs(i - j) <= 1).map((height) => [width, height] as const),
  );
  const [width, height] = pick(pairs, draw);
  const [column, row] = pick(PLACES, draw);
  return {
    x: column * Math.floor((size - width) / 4),
    y: row * Math.floor((size - height) / 4),
    width,
    height,
  };
}

function randomResizedBox(size: number, draw: Draw): CropBox {
  const area = (0.5 + 0.5 * draw()) * size * size;
  const aspect = Math.exp((draw() * 2 - 1) * Math.log(4 / 3));
  const width = Math.min(size, Math.round(Math.sqrt(area * aspect)));
  const height = Math.min(size, Math.round(Math.sqrt(area / aspect)));
  return {
    x: Math.floor(draw() * (size - width + 1)),
    y: Math.floor(draw() * (size - height + 1)),
    width,
    height,
  };
}

/** Chooses where a clip of stored `size` is cropped. */
export function cropBox(kind: AugmentOptions['crop'], size: number, draw: Draw): CropBox {
  switch (kind) {
    case 'multi-scale':
      return multiScaleBox(size, draw);
    case 'random-resized':
      return randomResizedBox(size, draw);
    case 'none':
      return { x: 0, y: 0, width: size, height: size };
  }
}

/** Where an output pixel's two source pixels lie along one axis, and the weight of the second. */
interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
}

/** Bilinear taps with half-pixel centres, clamped to the box (OpenCV's and torchvision's convention). */
function taps(from: number, length: number, out: number, mirrored: boolean): Taps {
  const low = new Int32Array(out);
  const high = new Int32Array(out);
  const weight = new Float32Array(out);
  for (let i = 0; i < out; i++) {
    const target = mirrored ? out - 1 - i : i;
    const centre = Math.min(length - 1, Math.max(0, ((i + 0.5) * length) / out - 0.5));
    const floor = Math.floor(centre);
    low[target] = from + floor;
    high[target] = from + Math.min(length - 1, floor + 1);
    weight[target] = centre - floor;
  }
  return { low, high, weight };
}

/**
 * Crops `box` out of every frame, scales it to `outSize` (bilinear) and mirrors it if asked.
 * @param frames uint8 `[count, size, size, 3]`
 * @param out uint8 `[count, outSize, outSize, 3]`, written in place
 */
export function cropAndResize(
  frames: Uint8Array,
  size: number,
  box: CropBox,
  mirrored: boolean,
  outSize: number,
  out: Uint8Array,
): void {
  if (!mirrored && box.width === outSize && box.height === outSize && outSize === size) {
    out.set(frames);
    return;
  }
  const count = frames.length / (size * size * 3);
  const columns = taps(box.x, box.width, outSize, mirrored);
  const rows = taps(box.y, box.height, outSize, false);
  let at = 0;
  for (let frame = 0; frame < count; frame++) {
    const base = frame * size * size * 3;
    for (let y = 0; y < outSize; y++) {
      const top = base + (rows.low[y] ?? 0) * size * 3;
      const bottom = base + (rows.high[y] ?? 0) * size * 3;
      const down = rows.weight[y] ?? 0;
      for (let x = 0; x < outSize; x++) {
        const left = (columns.low[x] ?? 0) * 3;
        const right = (columns.high[x] ?? 0) * 3;
        const across = columns.weight[x] ?? 0;
        for (let channel = 0; channel < 3; channel++) {
          const a = frames[top + left + channel] ?? 0;
          const b = frames[top + right + channel] ?? 0;
          const c = frames[bottom + left + channel] ?? 0;
          const d = frames[bottom + right + channel] ?? 0;
          const upper = a + (b - a) * across;
          const lower = c + (d - c) * across;
          out[at++] = Math.round(upper + (lower - upper) * down);
        }
      }
    }
  }
}

/** Augments one clip: a pure function of its frames and of what `draw` yields. */
export function augmentClip(
  frames: Uint8Array,
  size: number,
  options: AugmentOptions,
  draw: Draw,
  outSize: number,
  out: Uint8Array,
): void {
  const box = cropBox(options.crop, size, draw);
  const mirrored = draw() < options.flip;
  cropAndResize(frames, size, box, mirrored, outSize, out);
}
