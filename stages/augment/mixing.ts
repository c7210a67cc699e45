import { z } from 'zod';

type Draw = () => number;

export const mixingOptions = z.strictObject({
  /** α of mixup: how evenly two clips are blended; 0 switches it off. */
  mixup: z.coerce.number().min(0).default(0.8),
  /** α of cutmix: how large a box of another clip is put in; 0 switches it off. */
  cutmix: z.coerce.number().min(0).default(1),
});
export type MixingOptions = z.infer<typeof mixingOptions>;

/** How each clip of a batch is mixed with the one that stands as far from the batch's end. */
export interface Mixing {
  /** Share of the clip itself; what is left is the other's. */
  readonly share: number;
  /** Cutmix: the other clip's box in pixels, from inclusive, to exclusive; undefined: mixup. */
  readonly box?: { readonly x: readonly [number, number]; readonly y: readonly [number, number] };
}

/** Gamma-distributed, shape `a`, scale 1 (Marsaglia and Tsang 2000). */
function gamma(a: number, draw: Draw): number {
  if (a < 1) return gamma(a + 1, draw) * (1 - draw()) ** (1 / a);
  const d = a - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - draw()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Beta-distributed with both parameters `a`. */
export function beta(a: number, draw: Draw): number {
  const [x, y] = [gamma(a, draw), gamma(a, draw)];
  return x / (x + y);
}

/**
 * Draws how a batch is mixed, as timm does a batch at a time: mixup (Zhang et al. 2017) or cutmix
 * (Yun et al. 2019), each every second time where both are on.
 * @param size side of the frames @returns undefined where both are off
 */
export function drawMixing({ mixup, cutmix }: MixingOptions, size: number, draw: Draw): Mixing | undefined {
  if (mixup === 0 && cutmix === 0) return undefined;
  const cut = mixup === 0 || (cutmix > 0 && draw() < 0.5);
  const ratio = beta(cut ? cutmix : mixup, draw);
  if (!cut) return { share: ratio };
  const side = Math.floor(size * Math.sqrt(1 - ratio));
  const range = (): readonly [number, number] => {
    const centre = Math.floor(draw() * size);
    const half = Math.floor(side / 2);
    return [Math.max(0, centre - half), Math.min(size, centre + half)];
  };
  const box = { y: range(), x: range() };
  // At the border the box is cut, and the share follows it.
  const area = (box.x[1] - box.x[0]) * (box.y[1] - box.y[0]);
  return { share: 1 - area / size ** 2, box };
} // prettier-ignore
