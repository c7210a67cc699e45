import FFT from 'fft.js';
import { SAMPLE_RATE } from './sample-rate.js';

/** Window in hops: 25 ms at a hop of 10 ms. */
const WINDOW_HOPS = 2.5;
/** Fewer bins than 256 leave even more of the low bands empty. */
const MIN_TRANSFORM = 512;
const PREEMPHASIS = 0.97;
/** Where the lowest band begins, in Hz; the highest ends at half the sample rate. */
const LOWEST = 20;
/** Kaldi's floor: an energy below float32's epsilon is that. */
const FLOOR = 2 ** -23;

/** Kaldi's mel scale. */
const mel = (hertz: number) => 1127 * Math.log(1 + hertz / 700);

interface Band {
  /** First bin that the triangle touches. */
  readonly from: number;
  readonly weights: Float64Array;
}

/** Triangles whose sides are straight on the mel scale, as Kaldi's; a narrow one may hold no bin at all. */
function triangles(bands: number, transform: number): Band[] {
  const [low, high] = [mel(LOWEST), mel(SAMPLE_RATE / 2)];
  const step = (high - low) / (bands + 1);
  const bins = Float64Array.from({ length: transform / 2 }, (_, bin) => mel((bin * SAMPLE_RATE) / transform)); // prettier-ignore
  return Array.from({ length: bands }, (_, band) => {
    const left = low + band * step;
    const weights = bins.map((place) => Math.max(0, 1 - Math.abs((place - left) / step - 1)));
    const from = Math.max(0, weights.findIndex((weight) => weight > 0)); // prettier-ignore
    return { from, weights: weights.slice(from, weights.findLastIndex((weight) => weight > 0) + 1) }; // prettier-ignore
  });
}

function hann(length: number): Float64Array {
  return Float64Array.from(
    { length },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / Math.max(1, length - 1)),
  );
}

/** From a window of samples to its bands. */
class BandExtractor {
  /** Samples go in here; what is behind the window must be zero. */
  readonly input: Float64Array;
  readonly #fft: FFT;
  readonly #bands: readonly Band[];
  /** Not what fft.js would make: a plain array holds each number in an object of its own. */
  readonly #spectrum: Float64Array;
  readonly #power: Float64Array;

  /** @param transform samples, a power of two */
  constructor(bands: number, transform: number) {
    this.input = new Float64Array(transform);
    this.#fft = new FFT(transform);
    this.#spectrum = new Float64Array(2 * transform);
    this.#power = new Float64Array(transform / 2);
    this.#bands = triangles(bands, transform);
  }

  /** @param out float32 `[bands]` from `at` on */
  extract(out: Float32Array, at: number): void {
    const [power, spectrum] = [this.#power, this.#spectrum];
    this.#fft.realTransform(spectrum, this.input);
    for (let bin = 0; bin < power.length; bin++)
      power[bin] = (spectrum[2 * bin] ?? 0) ** 2 + (spectrum[2 * bin + 1] ?? 0) ** 2;
    this.#bands.forEach(({ from, weights }, band) => {
      let energy = 0;
      for (let i = 0; i < weights.length; i++) energy += (weights[i] ?? 0) * (power[from + i] ?? 0);
      out[at + band] = Math.log(Math.max(energy, FLOOR));
    });
  }
}

const extractors = new Map<string, BandExtractor>();

function extractorFor(bands: number, transform: number): BandExtractor {
  const name = `${bands}/${transform}`;
  const known = extractors.get(name) ?? new BandExtractor(bands, transform);
  extractors.set(name, known);
  return known;
}

/**
 * Log-mel spectrum of a clip's sound on the time grid of its MFCC: the hop is the clip's span over the
 * number of frames, the window 2.5 hops (25 ms and 10 ms at 25 fps), centred on its hop; beyond the
 * span is silence. Otherwise Kaldi's filterbank as CAV-MAE takes it: each window's mean taken away,
 * pre-emphasis 0.97, Hann window, power spectrum of the next power of two and at least 512, triangles
 * on the mel scale from 20 Hz to 8 kHz, ln, no less than ln 2⁻²³; no dither.
 * @param audio float32 mono at 16 kHz in [-1, 1], the whole span of the clip
 * @param frames as many as the MFCC has @param bands 128 in CAV-MAE
 * @returns float32 `[frames, bands]`
 */
export function logMelFeatures(audio: Float32Array, frames: number, bands: number): Float32Array {
  const hop = audio.length / frames;
  const window = hann(Math.max(1, Math.round(WINDOW_HOPS * hop)));
  const { length } = window;
  const transform = Math.max(MIN_TRANSFORM, 2 ** Math.ceil(Math.log2(length)));
  const extractor = extractorFor(bands, transform);
  const { input } = extractor;
  input.fill(0);
  const result = new Float32Array(frames * bands);
  const raw = new Float64Array(length);
  for (let frame = 0; frame < frames; frame++) {
    const start = Math.round((frame + 0.5) * hop - length / 2);
    let mean = 0;
    // As in mfcc(): no reads beyond the array.
    const [first, last] = [Math.max(0, -start), Math.min(length, audio.length - start)];
    raw.fill(0, 0, first).fill(0, last);
    for (let i = first; i < last; i++) mean += raw[i] = audio[start + i] ?? 0;
    mean /= length;
    for (let i = 0; i < length; i++) {
      const before = (raw[Math.max(0, i - 1)] ?? 0) - mean;
      input[i] = ((raw[i] ?? 0) - mean - PREEMPHASIS * before) * (window[i] ?? 0);
    }
    extractor.extract(result, frame * bands);
  }
  return result;
}
