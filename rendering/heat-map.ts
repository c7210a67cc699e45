import { type SKRSContext2D, createCanvas, ImageData } from '@napi-rs/canvas';

/** Matplotlib's "viridis" at eight even steps: ordered in lightness, readable without colour vision. */
const VIRIDIS = [
  [68, 1, 84], [70, 50, 127], [54, 92, 141], [39, 127, 142],
  [31, 161, 135], [74, 194, 109], [159, 218, 58], [253, 231, 37],
] as const; // prettier-ignore

/** @param value in [0, 1] @returns RGB bytes */
export function viridis(value: number): [number, number, number] {
  const at = Math.min(1, Math.max(0, value)) * (VIRIDIS.length - 1);
  const low = VIRIDIS[Math.floor(at)] ?? VIRIDIS[0];
  const high = VIRIDIS[Math.ceil(at)] ?? low;
  const mix = at - Math.floor(at);
  return [0, 1, 2].map((c) => Math.round((low[c] ?? 0) * (1 - mix) + (high[c] ?? 0) * mix)) as [
    number,
    number,
    number,
  ];
}

/**
 * MFCCs as values in [0, 1]: each cepstrum on its own scale, since the first (loudness) is some ten
 * times larger than the others and would leave them one colour. A constant cepstrum is 0.
 * @param mfcc float32 `[frames, cepstra]` @returns float32 `[cepstra, frames]`
 */
export function normalizeRows(mfcc: Float32Array, cepstra: number): Float32Array {
  const frames = mfcc.length / cepstra;
  const out = new Float32Array(mfcc.length);
  for (let c = 0; c < cepstra; c++) {
    let low = Infinity;
    let high = -Infinity;
    for (let t = 0; t < frames; t++) {
      const value = mfcc[t * cepstra + c] ?? 0;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (high === low) continue;
    for (let t = 0; t < frames; t++)
      out[c * frames + t] = ((mfcc[t * cepstra + c] ?? 0) - low) / (high - low);
  }
  return out;
}

/** Draws MFCCs as a heat map: time from left to right, the lowest cepstrum at the bottom. */
export function drawMfcc(
  pen: SKRSContext2D,
  mfcc: Float32Array,
  cepstra: number,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  const frames = mfcc.length / cepstra;
  const values = normalizeRows(mfcc, cepstra);
  const rgba = new Uint8ClampedArray(mfcc.length * 4).fill(255);
  for (let c = 0; c < cepstra; c++)
    for (let t = 0; t < frames; t++)
      rgba.set(viridis(values[c * frames + t] ?? 0), ((cepstra - 1 - c) * frames + t) * 4);
  const picture = createCanvas(frames, cepstra);
  picture.getContext('2d').putImageData(new ImageData(rgba, frames, cepstra), 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(picture, x, y, width, height);
}
