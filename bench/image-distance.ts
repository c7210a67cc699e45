/** How near one picture comes to another: PSNR and SSIM. */

/** Peak signal-to-noise ratio in dB of uint8 values; infinite where there is no difference. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.length));
}

const BLOCK = 8;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/** Rec. 601 luma of RGB. */
function luma(rgb: Uint8Array): Float64Array {
  return Float64Array.from({ length: rgb.length / 3 }, (_, i) => {
    const [r = 0, g = 0, b = 0] = rgb.subarray(3 * i, 3 * i + 3);
    return 0.299 * r + 0.587 * g + 0.114 * b;
  });
}

/** SSIM of one block of 8 × 8 from sums over it (Wang et al. 2004, equation 13). */
function ssimOfBlock(x: Float64Array, y: Float64Array, corner: number, width: number): number {
  let [sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0];
  for (let row = 0; row < BLOCK; row++)
    for (let i = corner + row * width; i < corner + row * width + BLOCK; i++) {
      const [u, v] = [x[i] ?? 0, y[i] ?? 0];
      sx += u;
      sy += v;
      sxx += u * u;
      syy += v * v;
      sxy += u * v;
    }
  const n = BLOCK ** 2;
  const [mx, my] = [sx / n, sy / n];
  const [vx, vy, cov] = [sxx / n - mx * mx, syy / n - my * my, sxy / n - mx * my];
  return ((2 * mx * my + C1) * (2 * cov + C2)) / ((mx * mx + my * my + C1) * (vx + vy + C2));
}

/** Mean SSIM of the luma of two RGB pictures, over windows of 8 × 8 pixels, 4 apart. */
export function ssim(a: Uint8Array, b: Uint8Array, height: number, width: number): number {
  const [x, y] = [luma(a), luma(b)];
  let [sum, count] = [0, 0];
  for (let top = 0; top + BLOCK <= height; top += BLOCK / 2)
    for (let left = 0; left + BLOCK <= width; left += BLOCK / 2) {
      sum += ssimOfBlock(x, y, top * width + left, width);
      count++;
    }
  return sum / count;
}
