import { z } from 'zod';
import {
  autoContrast,
  brightness,
  color,
  contrast,
  equalize,
  invert,
  posterize,
  sharpness,
  solarize,
  solarizeAdd,
  transform,
  type Frames,
} from './pixel-ops.js';

/** Draws numbers in [0, 1). */
type Draw = () => number;

export const randAugmentOptions = z.strictObject({
  /** Operations a clip; each of them is left out every second time. 0 switches random augmentation off. */
  augmentOps: z.coerce.number().int().min(0).max(10).default(4),
  /** How strong they are, 0 to 10. */
  augmentMagnitude: z.coerce.number().min(0).max(10).default(7),
});
export type RandAugmentOptions = z.infer<typeof randAugmentOptions>;

/** Deviation of a single operation's strength (timm: mstd0.5). */
const MAGNITUDE_DEVIATION = 0.5;
const MAX = 10;

/** A standard normal number, by Box and Muller. */
const normal = (draw: Draw) =>
  Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());

const signed = (value: number, draw: Draw) => (draw() < 0.5 ? -value : value);

/** 1 ± 0.9 · level: what colour, contrast, brightness and sharpness are scaled by ("inc1"). */
const enhancement = (level: number, draw: Draw) => 1 + signed(0.9 * level, draw);

/** @param level strength as a share of the largest */
type Operation = (frames: Frames, level: number, draw: Draw) => void;

/** timm's `_RAND_INCREASING_TRANSFORMS`, in its order. */
const OPERATIONS: readonly Operation[] = [
  autoContrast,
  equalize,
  invert,
  ({ pixels, width, height }, level, draw) => {
    const angle = (signed(30 * level, draw) * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const [x, y] = [width / 2, height / 2];
    transform({ pixels, width, height }, [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y]); // prettier-ignore
  },
  (frames, level) => {
    posterize(frames, 4 - Math.floor(4 * level));
  },
  (frames, level) => {
    solarize(frames, 256 - Math.floor(256 * level));
  },
  (frames, level) => {
    solarizeAdd(frames, Math.floor(110 * level));
  },
  (frames, level, draw) => {
    color(frames, enhancement(level, draw));
  },
  (frames, level, draw) => {
    contrast(frames, enhancement(level, draw));
  },
  (frames, level, draw) => {
    brightness(frames, enhancement(level, draw));
  },
  (frames, level, draw) => {
    sharpness(frames, enhancement(level, draw));
  },
  (frames, level, draw) => {
    transform(frames, [1, signed(0.3 * level, draw), 0, 0, 1, 0]);
  },
  (frames, level, draw) => {
    transform(frames, [1, 0, 0, signed(0.3 * level, draw), 1, 0]);
  },
  (frames, level, draw) => {
    transform(frames, [1, 0, signed(0.45 * level, draw) * frames.width, 0, 1, 0]);
  },
  (frames, level, draw) => {
    transform(frames, [1, 0, 0, 0, 1, signed(0.45 * level, draw) * frames.height]);
  },
];

/**
 * RandAugment (Cubuk et al. 2019) as VideoMAE fine-tunes with it, timm's `rand-m7-n4-mstd0.5-inc1`:
 * the same operations on all frames of a clip. A pure function of the frames and of what `draw` yields.
 * @param frames changed in place
 */
export function randAugment(
  frames: Frames,
  { augmentOps, augmentMagnitude }: RandAugmentOptions,
  draw: Draw,
): void {
  for (let i = 0; i < augmentOps; i++) {
    const operation = OPERATIONS[Math.floor(draw() * OPERATIONS.length)];
    if (draw() < 0.5) continue;
    const magnitude = augmentMagnitude + MAGNITUDE_DEVIATION * normal(draw);
    operation?.(frames, Math.min(MAX, Math.max(0, magnitude)) / MAX, draw);
  }
}
