/** Fixed-point weights: a pair adds up to 2¹⁴, so that each fits 16 bits with its sign. */
export const WEIGHT_BITS = 14;
const ONE = 1 << WEIGHT_BITS;

/** Where an output pixel's two source pixels lie along one axis, and how much each counts. */
export interface Taps {
  /** The first source pixel; the second is the next one, unless `single`. */
  readonly low: Int32Array;
  /** Weight of the second source pixel, 0 to 2¹⁴; the first has the rest. */
  readonly weight: Int32Array;
  /** The axis has one pixel only: there is no second. */
  readonly single: boolean;
}

/**
 * Bilinear taps with half-pixel centres, clamped to the box (OpenCV's and torchvision's convention,
 * without antialiasing).
 * @param from first source pixel @param length source pixels @param out output pixels
 */
export function bilinearTaps(from: number, length: number, out: number, mirrored: boolean): Taps {
  const low = new Int32Array(out);
  const weight = new Int32Array(out);
  for (let i = 0; i < out; i++) {
    const target = mirrored ? out - 1 - i : i;
    const centre = Math.min(length - 1, Math.max(0, ((i + 0.5) * length) / out - 0.5));
    // The last pixel is the second of the last pair, so that the second is always the next one.
    const first = Math.min(Math.floor(centre), Math.max(0, length - 2));
    low[target] = from + first;
    weight[target] = Math.round((centre - first) * ONE);
  }
  return { low, weight, single: length === 1 };
}
