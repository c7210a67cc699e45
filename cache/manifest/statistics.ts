import type { ClipArrays, ClipShape, SampleHeader } from '../records.js';

/** Sums over one clip, kept beside its header, from which the cache's statistics are folded. */
export interface ClipSums {
  /** Over all pixels, per channel (R, G, B), of the values 0–255: integers, hence exact. */
  readonly pixels: { readonly sum: readonly number[]; readonly squares: readonly number[] };
  /** Over all MFCC frames, per cepstrum. */
  readonly mfcc: { readonly sum: readonly number[]; readonly squares: readonly number[] };
  /** Over all frames of the log-mel spectrum, per band; where the cache has it. */
  readonly mel?: { readonly sum: readonly number[]; readonly squares: readonly number[] };
}

/** What a shard's database of headers holds for each sample. */
export interface StoredHeader {
  readonly header: SampleHeader;
  readonly sums: ClipSums;
}

export interface Moments {
  readonly mean: readonly number[];
  /** Of the population: √(E[x²] − E[x]²). */
  readonly std: readonly number[];
}

/** What the manifest says about all samples together. */
export interface Statistics {
  /** Per channel R, G, B, of the values divided by 255. Without samples: mean 0, std 1. */
  readonly pixel: Moments;
  /** Per cepstrum, over the clips that have sound. Where there are none: mean 0, std 1. */
  readonly mfcc: Moments;
  /** Per band of the log-mel spectrum, as `mfcc`; where the cache has it. */
  readonly mel?: Moments | undefined;
  /** How many samples each label has, labels sorted; the samples without one are in `unlabelled`. */
  readonly labels: Readonly<Record<string, number>>;
  readonly unlabelled: number;
  readonly audioPresent: number;
}

/** So many pixels that the sum of their squares still is a 32-bit integer: 32768 · 255² < 2³¹. */
const BLOCK = 3 * 32768;

/** Integer arithmetic in blocks: this loop sees every pixel and is the whole cost of the statistics. */
function pixelSums(frames: Uint8Array): ClipSums['pixels'] {
  const sum = [0, 0, 0];
  const squares = [0, 0, 0];
  for (let start = 0; start < frames.length; start += BLOCK) {
    let [r, g, b, rr, gg, bb] = [0, 0, 0, 0, 0, 0];
    const end = Math.min(frames.length, start + BLOCK);
    for (let i = start; i < end; i += 3) {
      const x = frames[i] ?? 0;
      const y = frames[i + 1] ?? 0;
      const z = frames[i + 2] ?? 0;
      r = (r + x) | 0;
      g = (g + y) | 0;
      b = (b + z) | 0;
      rr = (rr + x * x) | 0;
      gg = (gg + y * y) | 0;
      bb = (bb + z * z) | 0;
    }
    [r, g, b].forEach((value, c) => (sum[c] = (sum[c] ?? 0) + value));
    [rr, gg, bb].forEach((value, c) => (squares[c] = (squares[c] ?? 0) + value));
  }
  return { sum, squares };
}

/** @param values `[rows, columns]` @throws RangeError when one of them is not a finite number */
function columnSums(values: Float32Array, columns: number, name: string): ClipSums['mfcc'] {
  const sum = new Array<number>(columns).fill(0);
  const squares = new Array<number>(columns).fill(0);
  values.forEach((value, i) => {
    const c = i % columns;
    sum[c] = (sum[c] ?? 0) + value;
    squares[c] = (squares[c] ?? 0) + value * value;
  });
  if (!squares.every(Number.isFinite))
    throw new RangeError(`cache: the ${name} of the sample holds NaN or infinite values`);
  return { sum, squares };
}

/** @throws RangeError when the MFCC or the log-mel spectrum holds what is not a finite number */
export function sumsOf(
  { frames, mfcc, mel }: ClipArrays,
  { cepstra, melBands }: Pick<ClipShape, 'cepstra' | 'melBands'>,
): ClipSums {
  return {
    pixels: pixelSums(frames),
    mfcc: columnSums(mfcc, cepstra, 'MFCC'),
    ...(mel === undefined || melBands === undefined
      ? {}
      : { mel: columnSums(mel, melBands, 'log-mel spectrum') }),
  };
}

/** 2⁻²⁰: the grid on which the clips' MFCC sums are added up; far below what float32 input resolves. */
const GRID = 2 ** 20;

interface Totals {
  readonly sum: bigint[];
  readonly squares: bigint[];
}

function totals(length: number): Totals {
  const zeros = () => new Array<bigint>(length).fill(0n);
  return { sum: zeros(), squares: zeros() };
}

/** Integers without bound: addition is exact, so the order of the clips does not matter. */
function add(into: Totals, sums: ClipSums['mfcc'], grid: number): void {
  for (const moment of ['sum', 'squares'] as const)
    sums[moment].forEach((value, i) => {
      into[moment][i] = (into[moment][i] ?? 0n) + BigInt(Math.round(value * grid));
    });
}

/** @param unit what the value 1 is in the totals @param scale by which values are multiplied */
function moments(count: number, { sum, squares }: Totals, unit: number, scale = 1): Moments {
  if (count === 0) return { mean: sum.map(() => 0), std: sum.map(() => 1) };
  const mean = sum.map((value) => Number(value) / unit / count);
  const std = squares.map((value, i) =>
    Math.sqrt(Math.max(0, Number(value) / unit / count - (mean[i] ?? 0) ** 2)),
  );
  return { mean: mean.map((value) => value * scale), std: std.map((value) => value * scale) };
}

/** What the statistics are worked out from, over some clips; JSON, whole numbers as digits. */
export interface ShardSums {
  readonly pixels: number;
  readonly pixel: Digits;
  readonly audioPresent: number;
  readonly mfcc: Digits;
  readonly mel?: Digits | undefined;
}

interface Digits {
  readonly sum: readonly string[];
  readonly squares: readonly string[];
}

const digitsOf = ({ sum, squares }: Totals): Digits => ({
  sum: sum.map(String),
  squares: squares.map(String),
});

function addDigits(into: Totals, digits: Digits): void {
  for (const moment of ['sum', 'squares'] as const)
    digits[moment].forEach((value, i) => {
      into[moment][i] = (into[moment][i] ?? 0n) + BigInt(value);
    });
}

/** What of a header is counted. */
type CountedHeader = Pick<SampleHeader, 'label' | 'flags' | 'height' | 'width'>;

/** Adds up clips to the statistics of a cache, which depend on the set of the clips alone. */
export class StatisticsFold {
  private readonly pixel = totals(3);
  private readonly mfcc: Totals;
  /** Not there in a cache without log-mel spectra. */
  private readonly mel: Totals | undefined;
  private readonly labels = new Map<string, number>();
  /** Of all clips: their frames need not have the same size. */
  private pixels = 0;
  private unlabelled = 0;
  private audioPresent = 0;

  constructor(
    private readonly shape: Pick<ClipShape, 'frames' | 'mfccFrames' | 'cepstra' | 'melBands'>,
  ) {
    this.mfcc = totals(shape.cepstra);
    this.mel = shape.melBands === undefined ? undefined : totals(shape.melBands);
  }

  add({ label, flags, height, width }: CountedHeader, sums: ClipSums): void {
    this.pixels += this.shape.frames * height * width;
    add(this.pixel, sums.pixels, 1);
    if (flags.audioPresent) {
      this.audioPresent++;
      add(this.mfcc, sums.mfcc, GRID);
      if (this.mel !== undefined && sums.mel !== undefined) add(this.mel, sums.mel, GRID);
    }
    this.countLabel(label);
  }

  /** Adds all samples of a shard at once. */
  addShard(sums: ShardSums, samples: Iterable<{ readonly label: string | null }>): void {
    this.pixels += sums.pixels;
    addDigits(this.pixel, sums.pixel);
    this.audioPresent += sums.audioPresent;
    addDigits(this.mfcc, sums.mfcc);
    if (this.mel !== undefined && sums.mel !== undefined) addDigits(this.mel, sums.mel);
    for (const { label } of samples) this.countLabel(label);
  }

  /** What was added so far, to be added elsewhere: nothing of it is rounded. */
  sums(): ShardSums {
    const { pixels, audioPresent, mel } = this;
    return {
      ...{ pixels, pixel: digitsOf(this.pixel), audioPresent, mfcc: digitsOf(this.mfcc) },
      ...(mel === undefined ? {} : { mel: digitsOf(mel) }),
    };
  }

  result(): Statistics {
    const heard = this.audioPresent * this.shape.mfccFrames;
    return {
      pixel: moments(this.pixels, this.pixel, 1, 1 / 255),
      mfcc: moments(heard, this.mfcc, GRID),
      ...(this.mel === undefined ? {} : { mel: moments(heard, this.mel, GRID) }),
      labels: Object.fromEntries([...this.labels].sort(([a], [b]) => (a < b ? -1 : 1))),
      unlabelled: this.unlabelled,
      audioPresent: this.audioPresent,
    };
  }

  private countLabel(label: string | null): void {
    if (label === null) this.unlabelled++;
    else this.labels.set(label, (this.labels.get(label) ?? 0) + 1);
  }
}
