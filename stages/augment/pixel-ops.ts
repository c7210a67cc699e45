/**
 * Operations of random augmentation on frames, as Pillow and timm define them. Frames are uint8
 * `[count, height, width, 3]` and changed in place; all frames of a clip are changed alike.
 */
export interface Frames {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What is shown where a shifted or turned picture has nothing: the mean of ImageNet. */
const FILL = [124, 116, 104] as const;

/** Weights of red, green and blue in grey, ITU-R 601, as Pillow's "L". */
const grey = (r: number, g: number, b: number) => (r * 299 + g * 587 + b * 114) / 1000;

const clamp = (value: number) => Math.min(255, Math.max(0, Math.round(value)));

/** Passes every value through a table of 256. */
function through(pixels: Uint8Array, table: ArrayLike<number>): void {
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i] ?? 0] ?? 0;
}

const tableOf = (of: (value: number) => number) => Uint8Array.from({ length: 256 }, (_, i) => clamp(of(i))); // prettier-ignore

export const invert = ({ pixels }: Frames) => {
  through(pixels, tableOf((x) => 255 - x)); // prettier-ignore
};

/** Keeps the first `bits` bits of each value. */
export const posterize = ({ pixels }: Frames, bits: number) => {
  through(pixels, tableOf((x) => x & (0xff << (8 - bits)))); // prettier-ignore
};

/** Inverts what is at or above the threshold. */
export const solarize = ({ pixels }: Frames, threshold: number) => {
  through(pixels, tableOf((x) => (x < threshold ? x : 255 - x))); // prettier-ignore
};

/** Adds to what is below 128. */
export const solarizeAdd = ({ pixels }: Frames, added: number) => {
  through(pixels, tableOf((x) => (x < 128 ? x + added : x))); // prettier-ignore
};

/** 0 is black, 1 the picture. */
export const brightness = ({ pixels }: Frames, factor: number) => {
  through(pixels, tableOf((x) => x * factor)); // prettier-ignore
};

function eachFrame({ pixels, width, height }: Frames, change: (frame: Uint8Array) => void): void {
  const size = width * height * 3;
  for (let at = 0; at < pixels.length; at += size) change(pixels.subarray(at, at + size));
}

/** 0 is the frame's mean grey, 1 the picture. */
export function contrast(frames: Frames, factor: number): void {
  eachFrame(frames, (frame) => {
    let sum = 0;
    for (let i = 0; i < frame.length; i += 3)
      sum += grey(frame[i] ?? 0, frame[i + 1] ?? 0, frame[i + 2] ?? 0);
    const mean = Math.round(sum / (frame.length / 3));
    through(frame, tableOf((x) => mean + (x - mean) * factor)); // prettier-ignore
  });
}

/** 0 is grey, 1 the picture. */
export function color({ pixels }: Frames, factor: number): void {
  for (let i = 0; i < pixels.length; i += 3) {
    const level = grey(pixels[i] ?? 0, pixels[i + 1] ?? 0, pixels[i + 2] ?? 0);
    for (let c = i; c < i + 3; c++) pixels[c] = clamp(level + ((pixels[c] ?? 0) - level) * factor);
  }
}

function channelHistogram(frame: Uint8Array, channel: number): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = channel; i < frame.length; i += 3) {
    const value = frame[i] ?? 0;
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return counts;
}

function mapChannel(frame: Uint8Array, channel: number, table: ArrayLike<number>): void {
  for (let i = channel; i < frame.length; i += 3) frame[i] = table[frame[i] ?? 0] ?? 0;
}

/** Stretches each channel of each frame from its darkest to its brightest value over 0..255. */
export function autoContrast(frames: Frames): void {
  eachFrame(frames, (frame) => {
    for (let channel = 0; channel < 3; channel++) {
      const counts = channelHistogram(frame, channel);
      const low = counts.findIndex((count) => count > 0);
      const high = counts.findLastIndex((count) => count > 0);
      if (high > low)
        mapChannel(frame, channel, tableOf((x) => Math.floor(((x - low) * 255) / (high - low)))); // prettier-ignore
    }
  });
}

/** Evens each channel's histogram out, as Pillow's `ImageOps.equalize`. */
export function equalize(frames: Frames): void {
  eachFrame(frames, (frame) => {
    for (let channel = 0; channel < 3; channel++) {
      const counts = channelHistogram(frame, channel);
      const last = counts[counts.findLastIndex((count) => count > 0)] ?? 0;
      const step = Math.floor((frame.length / 3 - last) / 255);
      if (step === 0) continue;
      let sum = Math.floor(step / 2);
      const table = Array.from(counts, (count) => {
        const value = Math.floor(sum / step);
        sum += count;
        return Math.min(255, value);
      });
      mapChannel(frame, channel, table);
    }
  });
}

/** 0 is smoothed (centre 5, neighbours 1, of 13), 1 the picture, above it sharper; the border stays. */
export function sharpness(frames: Frames, factor: number): void {
  const { width, height } = frames;
  const row = width * 3;
  eachFrame(frames, (frame) => {
    const from = frame.slice();
    for (let y = 1; y < height - 1; y++)
      for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
        const at = from[i] ?? 0;
        let sum = 4 * at;
        for (let dy = -row; dy <= row; dy += row)
          sum += (from[i + dy - 3] ?? 0) + (from[i + dy] ?? 0) + (from[i + dy + 3] ?? 0);
        const smooth = clamp(sum / 13);
        frame[i] = clamp(smooth + (at - smooth) * factor);
      }
  });
}

/** Where an output pixel's centre comes from: `[a, b, c, d, e, f]`, x' = a·x + b·y + c, y' = d·x + e·y + f. */
export type Affine = readonly [number, number, number, number, number, number];

/** Moves every frame by an affine map, bilinear, with ImageNet's mean where nothing is. */
export function transform(frames: Frames, [a, b, c, d, e, f]: Affine): void {
  const { width, height } = frames;
  eachFrame(frames, (frame) => {
    const from = frame.slice();
    const value = (x: number, y: number, channel: number) =>
      x < 0 || y < 0 || x >= width || y >= height
        ? (FILL[channel] ?? 0)
        : (from[(y * width + x) * 3 + channel] ?? 0);
    let at = 0;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const sx = a * (x + 0.5) + b * (y + 0.5) + c - 0.5;
        const sy = d * (x + 0.5) + e * (y + 0.5) + f - 0.5;
        const [left, top] = [Math.floor(sx), Math.floor(sy)];
        const [across, down] = [sx - left, sy - top];
        for (let channel = 0; channel < 3; channel++) {
          const upper = value(left, top, channel) * (1 - across) + value(left + 1, top, channel) * across; // prettier-ignore
          const lower = value(left, top + 1, channel) * (1 - across) + value(left + 1, top + 1, channel) * across; // prettier-ignore
          frame[at++] = clamp(upper * (1 - down) + lower * down);
        }
      }
  });
}
