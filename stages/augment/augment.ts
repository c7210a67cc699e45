import { z } from 'zod';
import { randAugment } from './rand-augment.js';
import { eraseRandomly } from './random-erasing.js';
import { cropAndResize, type CropBox } from './resize/crop-and-resize.js';

/** Draws numbers in [0, 1); a sample's augmentation is a pure function of what it draws. */
export type Draw = () => number;

export const augmentOptions = z.strictObject({
  /**
   * `multi-scale`: VideoMAE's pre-training crop; `random-resized`: area up to all, aspect 3/4–4/3;
   * `none`: the square in the middle that the model sees.
   */
  crop: z.enum(['multi-scale', 'random-resized', 'none']).default('multi-scale'),
  /** Probability of a mirror image; the paper's recipe for pre-training has none. */
  flip: z.coerce.number().min(0).max(1).default(0),
});

/** How clips are augmented; what is not given is not done. */
export interface AugmentOptions extends z.infer<typeof augmentOptions> {
  /** `none`: where the square lies along the longer side (of square frames, across), 0 to 1; default the middle. */
  readonly along?: number;
  /** `random-resized`: smallest area of the crop, a share of the frame's; default 0.5. */
  readonly minArea?: number;
  /** Operations of random augmentation, and how strong they are. */
  readonly augmentOps?: number;
  readonly augmentMagnitude?: number;
  /** Probability that a box is erased. */
  readonly erasing?: number;
  /** Probability that a clip's sound is taken away, as if it had none. */
  readonly soundDropout?: number;
}

/** A clip's frames in the cache, and the sides of the squares that are made of them, in pixels. */
export interface CropGeometry {
  /** Stored frames. */
  readonly height: number;
  readonly width: number;
  /** Side of the square that the cache was made for; at most the stored short side. */
  readonly size: number;
  /** Side of the frames that the model takes. */
  readonly outSize: number;
}

/** Sides relative to the short side that multi-scale cropping draws from (VideoMAE, GroupMultiScaleCrop). */
const SCALES = [1, 0.875, 0.75, 0.66] as const;

/** The 13 fixed places of a multi-scale crop, in quarters of the free room [x, y]. */
const PLACES = [
  [0, 0], [4, 0], [0, 4], [4, 4], [2, 2], [0, 2], [4, 2], [2, 4], [2, 0], [1, 1], [3, 1], [1, 3], [3, 3],
] as const; // prettier-ignore

function pick<T>(items: readonly T[], draw: Draw): T {
  return items[Math.floor(draw() * items.length)] as T;
}

function multiScaleBox({ height, width, outSize }: CropGeometry, draw: Draw): CropBox {
  const short = Math.min(height, width);
  const sides = SCALES.map((scale) => {
    const side = Math.floor(short * scale);
    // What is nearly right is made right, as VideoMAE does: nothing is then to be scaled.
    return Math.abs(side - outSize) < 3 && outSize <= short ? outSize : side;
  });
  // Width and height may differ by one step of the scale at most ("max_distort = 1").
  const pairs = sides.flatMap((across, i) =>
    sides.filter((_, j) => Math.abs(i - j) <= 1).map((down) => [across, down] as const),
  );
  const [across, down] = pick(pairs, draw);
  const [column, row] = pick(PLACES, draw);
  return {
    x: column * Math.floor((width - across) / 4),
    y: row * Math.floor((height - down) / 4),
    width: across,
    height: down,
  };
}

const MIN_AREA = 0.5;
const ASPECT = [3 / 4, 4 / 3] as const;
const ATTEMPTS = 10;

const between = ([low, high]: readonly [number, number], draw: Draw) => low + (high - low) * draw();

function centredBox(height: number, width: number, boxHeight: number, boxWidth: number): CropBox {
  return {
    x: Math.floor((width - boxWidth) / 2),
    y: Math.floor((height - boxHeight) / 2),
    width: boxWidth,
    height: boxHeight,
  };
}

/** torchvision, RandomResizedCrop.get_params: a box that does not fit is drawn again, ten times at most. */
function randomResizedBox({ height, width }: CropGeometry, minArea: number, draw: Draw): CropBox {
  const logAspect = [Math.log(ASPECT[0]), Math.log(ASPECT[1])] as const;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = height * width * between([minArea, 1], draw);
    const aspect = Math.exp(between(logAspect, draw));
    const across = Math.round(Math.sqrt(area * aspect));
    const down = Math.round(Math.sqrt(area / aspect));
    if (across > 0 && across <= width && down > 0 && down <= height)
      return {
        y: Math.floor(draw() * (height - down + 1)),
        x: Math.floor(draw() * (width - across + 1)),
        width: across,
        height: down,
      };
  }
  const aspect = Math.min(Math.max(width / height, ASPECT[0]), ASPECT[1]);
  return centredBox(
    height,
    width,
    Math.min(height, Math.round(width / aspect)),
    Math.min(width, Math.round(height * aspect)),
  );
}

/** Chooses where a clip is cropped, in pixels of its stored frames. */
export function cropBox(
  { crop, minArea = MIN_AREA, along = 0.5 }: Pick<AugmentOptions, 'crop' | 'minArea' | 'along'>,
  geometry: CropGeometry,
  draw: Draw,
): CropBox {
  switch (crop) {
    case 'multi-scale':
      return multiScaleBox(geometry, draw);
    case 'random-resized':
      return randomResizedBox(geometry, minArea, draw);
    case 'none': {
      const { height, width, size } = geometry;
      const box = centredBox(height, width, size, size);
      return width >= height
        ? { ...box, x: Math.floor(along * (width - size)) }
        : { ...box, y: Math.floor(along * (height - size)) };
    }
  }
}

/**
 * Augments one clip: a pure function of its frames and of what `draw` yields.
 * @param frames uint8 `[count, height, width, 3]`
 * @param out uint8 `[count, outSize, outSize, 3]`, written in place
 */
export function augmentClip(
  frames: Uint8Array,
  geometry: CropGeometry,
  options: AugmentOptions,
  draw: Draw,
  out: Uint8Array,
): void {
  const box = cropBox(options, geometry, draw);
  const mirrored = draw() < options.flip;
  const { outSize } = geometry;
  cropAndResize(frames, geometry, box, mirrored, outSize, out);
  const { augmentOps = 0, augmentMagnitude = 0, erasing = 0 } = options;
  const clip = { pixels: out, width: outSize, height: outSize };
  // VideoMAE augments before it crops, at four times the cost; here it is done to what is seen.
  if (augmentOps > 0) randAugment(clip, { augmentOps, augmentMagnitude }, draw);
  if (erasing > 0) eraseRandomly(clip, erasing, draw);
}
