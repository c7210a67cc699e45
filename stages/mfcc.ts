import meyda from 'meyda';

// Its types describe an ES module, what Node loads is CommonJS: the default is the object itself.
const Meyda = meyda as unknown as typeof meyda.default;

/** Rate of all sound in avme, in Hz. */
export const SAMPLE_RATE = 16_000;
/** Cepstra kept, 0 to 12. */
export const CEPSTRA = 13;
const MEL_BANDS = 26;
/** Window in hops: 25 ms at a hop of 10 ms. */
const WINDOW_HOPS = 2.5;
/** Fewer bins than 256 leave low mel bands empty. */
const MIN_TRANSFORM = 512;
/** The log of (1 + power) has its dynamics where samples are 16-bit integers, as TalkNet feeds them. */
const FULL_SCALE = 32_768;

type Extractor = typeof Meyda;
const extractors = new Map<number, Extractor>();

/**
 * Meyda keeps its settings and mel filters on one shared object, and keeps the filters when only
 * the buffer size changes: so each transform length gets an object of its own.
 */
function extractorFor(bufferSize: number): Extractor {
  const known = extractors.get(bufferSize);
  if (known !== undefined) return known;
  const extractor: Extractor = {
    ...Meyda,
    bufferSize,
    sampleRate: SAMPLE_RATE,
    melBands: MEL_BANDS,
    numberOfMFCCCoefficients: CEPSTRA,
    windowingFunction: 'rect',
  };
  extractors.set(bufferSize, extractor);
  return extractor;
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
 * @param sound float32 mono at 16 kHz in [-1, 1], the whole span of the clip
 * @param frames how many MFCC frames (N_len)
 * @returns float32 `[frames, 13]`
 */
export function mfcc(sound: Float32Array, frames: number): Float32Array {
  const hop = sound.length / frames;
  const window = hamming(Math.max(1, Math.round(WINDOW_HOPS * hop)));
  const transform = Math.max(MIN_TRANSFORM, 2 ** Math.ceil(Math.log2(window.length)));
  const extractor = extractorFor(transform);
  const buffer = new Float32Array(transform);
  const result = new Float32Array(frames * CEPSTRA);
  for (let frame = 0; frame < frames; frame++) {
    const start = Math.round((frame + 0.5) * hop - window.length / 2);
    for (let i = 0; i < window.length; i++)
      buffer[i] = FULL_SCALE * (sound[start + i] ?? 0) * (window[i] ?? 0);
    result.set(extractor.extract('mfcc', buffer) as unknown as number[], frame * CEPSTRA);
  }
  return result;
}
