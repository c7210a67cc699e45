import type { Shape } from './scene.js';

const box = (x: number, y: number, width: number, height: number): number =>
  Math.max(Math.abs(x) - width, Math.abs(y) - height);

/** How far a point lies outside a shape of about radius 1 around the origin, negative inside. */
export const DISTANCES: Readonly<Record<Shape, (x: number, y: number) => number>> = {
  disc: (x, y) => Math.hypot(x, y) - 1,
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 0.8) - 0.28,
  cross: (x, y) => Math.min(box(x, y, 1.1, 0.36), box(x, y, 0.36, 1.1)),
  pair: (x, y) => Math.hypot(Math.abs(x) - 0.72, y) - 0.62,
  square: (x, y) => box(x, y, 0.88, 0.88),
  diamond: (x, y) => (Math.abs(x) + Math.abs(y) - 1.2) * Math.SQRT1_2,
};
/** No shape reaches further than this from its middle, in radii. */
export const REACH = 1.4;
