import FFT from 'fft.js';
import meyda from 'meyda';
import { SAMPLE_RATE } from './sample-rate.js';

// Its types describe an ES module, what Node loads is CommonJS: the default is the object itself.
const Meyda = meyda as unknown as typeof meyda.default;

/** Cepstra kept, 0 to 12. */
export const CEPSTRA = 13;
const MEL_BANDS = 26;
/** Window in hops: 25 ms at a hop of 10 ms. */
const WINDOW_HOPS = 2.5;
/** Fewer bins than 256 leave low mel bands empty. */
const MIN_TRANSFORM = 512;
/** The log of (1 + power) has its dynamics where samples are 16-bit integers, as TalkNet feeds them. */
const FULL_SCALE = 32_768;

/** A triangular filter: its weights from the bin `from` on. */
interface MelFilter {
  readonly from: number;
  readonly weights: Float64Array;
}

/**
 * Meyda's mel filters for a transform, without the zeros that they mostly consist of: it multiplies
 * by all of them, and takes five times as long over a clip as the rest of this file together.
 */
function melFilters(transform: number): MelFilter[] {
  // Meyda makes them when it needs them, and keeps them although the size changes: so on an object of its own.
  const extractor: typeof Meyda & { melFilterBank?: number[][] } = {
    ...Meyda,
    bufferSize: transform,
    sampleRate: SAMPLE_RATE,
    melBands: MEL_BANDS,
    numberOfMFCCCoefficients: CEPSTRA,
  };
  extractor.extract('mfcc', new Float32Array(transform));
  if (extractor.melFilterBank === undefined)
    throw new Error('meyda has made no mel filters; another version of it is installed');
  return extractor.melFilterBank.map((filter) => {
    const bins = filter.slice(0, transform / 2);
    const from = Math.max(0, bins.findIndex((weight) => weight > 0)); // prettier-ignore
    return { from, weights: Float64Array.from(bins.slice(from, bins.findLastIndex((weight) => weight > 0) + 1)) }; // prettier-ignore
  });
}

/** DCT-II scaled by 2, `[CEPSTRA][MEL_BANDS]`. */
const COSINES = Array.from({ length: CEPSTRA }, (_, c) =>
  Float64Array.from({ length: MEL_BANDS }, (_, j) => 2 * Math.cos((Math.PI * c * (j + 0.5)) / MEL_BANDS)),
); // prettier-ignore

/** From a window of samples to its cepstra. */
class CepstrumExtractor {
  /** Samples go in here; what is behind them must be zero. */
  readonly input: Float64Array;
  readonly #fft: FFT;
  readonly #filters: readonly MelFilter[];
  /** Not what fft.js would make: a plain array holds each number in an object of its own. */
  readonly #spectrum: Float64Array;
  readonly #power: Float64Array;
  readonly #logs = new Float64Array(MEL_BANDS);

  /** @param transform samples, a power of two */
  constructor(transform: number) {
    this.input = new Float64Array(transform);
    this.#fft = new FFT(transform);
    this.#spectrum = new Float64Array(2 * transform);
    this.#power = new Float64Array(transform / 2);
    this.#filters = melFilters(transform);
  }

  /** @param out float32 `[CEPSTRA]` from `at` on */
  extract(out: Float32Array, at: number): void {
    const [power, spectrum, logs] = [this.#power, this.#spectrum, this.#logs];
    this.#fft.realTransform(spectrum, this.input);
    for (let bin = 0; bin < power.length; bin++)
      power[bin] = (spectrum[2 * bin] ?? 0) ** 2 + (spectrum[2 * bin + 1] ?? 0) ** 2;
    this.#filters.forEach(({ from, weights }, band) => {
      let energy = 0;
      for (let i = 0; i < weights.length; i++) energy += (weights[i] ?? 0) * (power[from + i] ?? 0);
      logs[band] = Math.log(1 + energy);
    });
    COSINES.forEach((cosines, c) => {
      let sum = 0;
      for (let j = 0; j < MEL_BANDS; j++) sum += (cosines[j] ?? 0) * (logs[j] ?? 0);
      out[at + c] = sum;
    });
  }
}

const extractors = new Map<number, CepstrumExtractor>();

function extractorFor(transform: number): CepstrumExtractor {
  const known = extractors.get(transform) ?? new CepstrumExtractor(transform);
  extractors.set(transform, known);
  return known;
}

function hamming(length: number): Float64Array {
  return Float64Array.from(
    { length },
    (_, i) => 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / Math.max(1, length - 1)),
  );
}

/**
 * Mel-frequency cepstra of a clip's sound on the picture's time grid. The hop is the clip's span
 * over the number of frames, the window 2.5 hops (25 ms and 10 ms at 25 fps), centred on its hop;
 * beyond the span is silence. Hamming window, power spectrum (no normalisation) of the next power
 * of two and at least 512, 26 triangular mel bands from 0 Hz to 8 kHz, ln(1 + energy), DCT-II
 * (scaled by 2), cepstra 0–12.
 * @param audio float32 mono at 16 kHz in [-1, 1], the whole span of the clip
 * @param frames how many MFCC frames (N_len)
 * @returns float32 `[frames, 13]`
 */
export function mfccFeatures(audio: Float32Array, frames: number): Float32Array {
  const hop = audio.length / frames;
  const window = hamming(Math.max(1, Math.round(WINDOW_HOPS * hop)));
  const transform = Math.max(MIN_TRANSFORM, 2 ** Math.ceil(Math.log2(window.length)));
  const extractor = extractorFor(transform);
  const { input } = extractor;
  input.fill(0);
  const result = new Float32Array(frames * CEPSTRA);
  for (let frame = 0; frame < frames; frame++) {
    const start = Math.round((frame + 0.5) * hop - window.length / 2);
    // Reads beyond an array are slow, and make of each number an object.
    const [first, last] = [Math.max(0, -start), Math.min(window.length, audio.length - start)];
    input.fill(0, 0, first).fill(0, last, window.length);
    for (let i = first; i < last; i++)
      input[i] = FULL_SCALE * (audio[start + i] ?? 0) * (window[i] ?? 0);
    extractor.extract(result, frame * CEPSTRA);
  }
  return result;
}
