import type { Frames } from './pixel-ops.js';

type Draw = () => number;

/** Erased share of a frame, and the box's aspect (timm). */
const AREA = [0.02, 1 / 3] as const;
const ASPECT = [0.3, 1 / 0.3] as const;
const ATTEMPTS = 10;

/** ImageNet's mean and deviation in 0..255: noise is standard normal where pixels are normalised. */
const MEAN = [123.675, 116.28, 103.53] as const;
const DEVIATION = [58.395, 57.12, 57.375] as const;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function drawBox({ width, height }: Frames, draw: Draw): Box | undefined {
  for (let i = 0; i < ATTEMPTS; i++) {
    const area = (AREA[0] + (AREA[1] - AREA[0]) * draw()) * width * height;
    const aspect = Math.exp(Math.log(ASPECT[0]) + (Math.log(ASPECT[1]) - Math.log(ASPECT[0])) * draw()); // prettier-ignore
    const box = { height: Math.round(Math.sqrt(area * aspect)), width: Math.round(Math.sqrt(area / aspect)) }; // prettier-ignore
    if (box.width < width && box.height < height)
      return {
        ...box,
        x: Math.floor(draw() * (width - box.width + 1)),
        y: Math.floor(draw() * (height - box.height + 1)),
      };
  }
  return undefined;
}

/**
 * Random erasing (Zhong et al. 2017) as VideoMAE fine-tunes with it: one box, the same in all frames
 * of a clip, filled with noise. A pure function of the frames and of what `draw` yields.
 * @param frames changed in place @param probability that it happens
 */
export function eraseRandomly(frames: Frames, probability: number, draw: Draw): void {
  if (draw() >= probability) return;
  const box = drawBox(frames, draw);
  if (box === undefined) return;
  const { pixels, width, height } = frames;
  for (let frame = 0; frame < pixels.length / (width * height * 3); frame++)
    for (let y = box.y; y < box.y + box.height; y++)
      for (let x = box.x; x < box.x + box.width; x++)
        for (let c = 0; c < 3; c++) {
          const noise = Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
          const value = (MEAN[c] ?? 0) + (DEVIATION[c] ?? 1) * noise;
          pixels[((frame * height + y) * width + x) * 3 + c] = Math.min(255, Math.max(0, Math.round(value))); // prettier-ignore
        }
}
