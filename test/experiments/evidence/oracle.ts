import { ffmpeg } from '../../support/media.js';

/**
 * Classifiers written by hand that see what a person would: the decoded pictures and sound of a
 * file, and nothing of the parameters that it was made with.
 */

export const SIDE = 64;
export const RATE = 25;
const SAMPLE_RATE = 16_000;
/** One MFCC hop. */
const HOP = 160;

export interface Decoded {
  /** uint8 `[frames, SIDE, SIDE, 3]`. */
  readonly frames: Buffer;
  readonly count: number;
  /** float32, mono. */
  readonly sound: Float32Array;
}

export async function decode(path: string): Promise<Decoded> {
  const input = ['-i', `file:${path}`];
  const frames = await ffmpeg(...input, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
  const pcm = await ffmpeg(...input, '-f', 'f32le', '-ar', `${SAMPLE_RATE}`, '-ac', '1', '-');
  const sound = new Float32Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.length));
  return { frames, count: frames.length / (SIDE * SIDE * 3), sound };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** How far each pixel of each frame is from the clip's most common colour; the actor is what is furthest. */
function saliency({ frames }: Decoded): Float32Array {
  const middle = [0, 1, 2].map((c) => {
    const values: number[] = [];
    for (let i = c; i < frames.length; i += 3 * 61) values.push(frames[i] ?? 0);
    return median(values);
  });
  return Float32Array.from({ length: frames.length / 3 }, (_, pixel) =>
    Math.hypot(...middle.map((value, c) => (frames[3 * pixel + c] ?? 0) - value)),
  );
}

export interface Seen {
  /** Height of the actor's middle in each frame, 1 at the upper edge; its extent; how full its middle is. */
  readonly height: readonly number[];
  readonly width: readonly number[];
  readonly tall: readonly number[];
  readonly middle: readonly number[];
  /** Share of its bounding box that it covers. */
  readonly filled: readonly number[];
}

/** Finds the actor in every frame. */
export function look(decoded: Decoded): Seen {
  const salient = saliency(decoded);
  const peak = [...salient].sort((a, b) => a - b)[Math.floor(salient.length * 0.99)] ?? 0;
  const seen = { height: [], width: [], tall: [], middle: [], filled: [] } as Record<keyof Seen, number[]>; // prettier-ignore
  for (let frame = 0; frame < decoded.count; frame++) {
    const at = (row: number, column: number) =>
      (salient[(frame * SIDE + row) * SIDE + column] ?? 0) > 0.6 * peak;
    const [rows, columns]: [number[], number[]] = [[], []];
    for (let row = 0; row < SIDE; row++)
      for (let column = 0; column < SIDE; column++)
        if (at(row, column)) {
          rows.push(row);
          columns.push(column);
        }
    const spread = (values: readonly number[]) => {
      const sorted = [...values].sort((a, b) => a - b);
      // The outermost pixels may be grain.
      return (sorted.at(-2) ?? 0) - (sorted[1] ?? 0) + 1;
    };
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length; // prettier-ignore
    const [y, x] = [mean(rows), mean(columns)];
    const near = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => at(Math.round(y) + dy, Math.round(x) + dx))); // prettier-ignore
    seen.height.push(1 - y / SIDE);
    seen.width.push(spread(columns));
    seen.tall.push(spread(rows));
    seen.middle.push(near.filter(Boolean).length / near.length);
    seen.filled.push(rows.length / (spread(rows) * spread(columns)));
  }
  return seen;
}

/** Power of the lowest bins of the window around a sample, by Goertzel's recursion. */
function spectrum(sound: Float32Array, middle: number, size = 1024, bins = 240): Float64Array {
  const input = Float64Array.from({ length: size }, (_, i) => {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size);
    return window * (sound[Math.round(middle) - size / 2 + i] ?? 0);
  });
  return Float64Array.from({ length: bins }, (_, k) => {
    const turn = 2 * Math.cos((2 * Math.PI * k) / size);
    let [last, before] = [0, 0];
    for (const value of input) [last, before] = [value + turn * last - before, last];
    return last * last + before * before - turn * last * before;
  });
}

/** Energy in every hop. */
function envelope(sound: Float32Array): number[] {
  return Array.from({ length: Math.floor(sound.length / HOP) }, (_, hop) => {
    let sum = 0;
    // Differences: the hum counts for little.
    for (let i = hop * HOP + 1; i < (hop + 1) * HOP; i++)
      sum += ((sound[i] ?? 0) - (sound[i - 1] ?? 0)) ** 2;
    return sum;
  });
}

/** What the ear makes of a clip. */
export interface Heard {
  readonly pitches: readonly number[];
  readonly clicks: readonly number[];
}

export const listen = (decoded: Decoded): Heard => ({ pitches: pitches(decoded), clicks: clicks(decoded) }); // prettier-ignore

/** Octaves of the strongest partial between 200 Hz and 1.8 kHz at each frame's time. */
function pitches({ sound, count }: Decoded): number[] {
  return Array.from({ length: count }, (_, frame) => {
    const power = spectrum(sound, (frame / RATE) * SAMPLE_RATE);
    let best = 13;
    for (let bin = 13; bin < 115; bin++) if ((power[bin] ?? 0) > (power[best] ?? 0)) best = bin;
    return Math.log2((best * SAMPLE_RATE) / 1024);
  });
}

/** When clicks begin, in seconds. */
function clicks({ sound }: Decoded): number[] {
  const energy = envelope(sound);
  const rise = energy.map((value, i) => Math.log((value + 1e-7) / ((energy[i - 2] ?? value) + 1e-7))); // prettier-ignore
  const loud = 0.1 * Math.max(...energy);
  const found: number[] = [];
  for (const [hop, value] of energy.entries())
    if (
      value > loud &&
      (rise[hop] ?? 0) > 1.5 &&
      hop * HOP - (found.at(-1) ?? -1e9) > 0.3 * SAMPLE_RATE
    )
      // prettier-ignore
      found.push(hop * HOP);
  return found.map((sample) => sample / SAMPLE_RATE);
}

/** When the ball is at its lowest, in seconds: dips of its height, between frames by the parabola's two sides. */
export function landings({ height }: Seen): number[] {
  const found: number[] = [];
  const low = Math.min(...height) + 0.25 * (Math.max(...height) - Math.min(...height));
  for (let i = 2; i < height.length - 2; i++) {
    const around = height.slice(i - 2, i + 3);
    const here = height[i] ?? 0;
    if (here <= Math.min(...around) && here < low && i / RATE - (found.at(-1) ?? -1) > 0.3)
      found.push(i / RATE);
  }
  return found;
}

export function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length; // prettier-ignore
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    const [da, db] = [value - ma, (b[i] ?? 0) - mb];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Sound alone: pulses are dips of what lies between 200 Hz and 1.8 kHz, a buzz has an octave above its pitch. */
export function hearVoice({ sound, count }: Decoded): string {
  const level = Array.from(
    { length: Math.floor(sound.length / HOP) },
    (_, hop) =>
    Math.log(spectrum(sound, hop * HOP, 512, 58).slice(7, 58).reduce((sum, power) => sum + power, 1e-6)), // prettier-ignore
  );
  const dips = level.filter((value, i) => {
    const [before, after] = [level.slice(Math.max(0, i - 9), i), level.slice(i + 1, i + 10)];
    return value < Math.min(Math.max(...before), Math.max(...after)) - 1;
  });
  if (dips.length > level.length / 5) return 'voice-pulse';
  const octave = Array.from({ length: count }, (_, frame) => {
    const power = spectrum(sound, (frame / RATE) * SAMPLE_RATE);
    const peak = power.indexOf(Math.max(...power.slice(13, 115)));
    return Math.max(...power.slice(2 * peak - 2, 2 * peak + 3)) / (power[peak] ?? 1);
  });
  return median(octave) > 0.1 ? 'voice-buzz' : 'voice-pure';
}

/** Picture alone: a pair is wide, a ring is empty in the middle. */
export function seeShape(seen: Seen): string {
  const wide = median(seen.width.map((width, i) => width / (seen.tall[i] ?? 1)));
  if (wide > 1.5) return 'shape-pair';
  return median(seen.middle) < 0.5 ? 'shape-ring' : 'shape-cross';
}

/** Both in time: by how much clicks miss the landing that is nearest. */
export function judgeBounce(heard: Heard, seen: Seen): string {
  const down = landings(seen);
  const misses = heard.clicks.flatMap((click) => {
    const nearest = [...down].sort((a, b) => Math.abs(click - a) - Math.abs(click - b))[0];
    return nearest === undefined ? [] : [click - nearest];
  });
  const miss = median(misses.filter((value) => Math.abs(value) < 0.5));
  if (Math.abs(miss) < 1 / 6) return 'bounce-on';
  return miss > 0 ? 'bounce-late' : 'bounce-early';
}

/** Both in time: whether height and pitch go together. */
export function judgePitch(heard: Heard, seen: Seen): string {
  const together = correlation(seen.height, heard.pitches);
  if (Math.abs(together) < 0.5) return 'pitch-beside';
  return together > 0 ? 'pitch-with' : 'pitch-against';
}
