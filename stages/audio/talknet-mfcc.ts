import FFT from 'fft.js';
import { CEPSTRA } from './mfcc-features.js';
import { SAMPLE_RATE } from './sample-rate.js';

/** The defaults of python_speech_features 0.6, as TalkNet-ASD calls it. */
const MEL_BANDS = 26;
const PREEMPHASIS = 0.97;
const LIFTER = 22;
/** What stands for an energy of 0, of which there is no logarithm: float64's epsilon. */
const EPSILON = 2 ** -52;
/** Samples come as 16-bit integers. */
const FULL_SCALE = 32_768;
/** Window in hops: 25 ms at a hop of 10 ms. */
const WINDOW_HOPS = 2.5;

const mel = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);
const hertz = (value: number) => 700 * (10 ** (value / 2595) - 1);

/** Triangles between whole bins, straight on the scale of Hz, `[MEL_BANDS][transform / 2 + 1]`. */
function triangles(transform: number): Float64Array[] {
  const top = mel(SAMPLE_RATE / 2);
  const bins = Array.from({ length: MEL_BANDS + 2 }, (_, i) =>
    Math.floor(((transform + 1) * hertz((top * i) / (MEL_BANDS + 1))) / SAMPLE_RATE),
  );
  return Array.from({ length: MEL_BANDS }, (_, band) => {
    const [low = 0, peak = 0, high = 0] = bins.slice(band, band + 3);
    const weights = new Float64Array(transform / 2 + 1);
    for (let bin = low; bin < peak; bin++) weights[bin] = (bin - low) / (peak - low);
    for (let bin = peak; bin < high; bin++) weights[bin] = (high - bin) / (high - peak);
    return weights;
  });
}

/** Orthonormal DCT-II times the lifter 1 + 11 · sin(π c / 22), `[CEPSTRA][MEL_BANDS]`. */
const COSINES = Array.from({ length: CEPSTRA }, (_, c) => {
  const scale = Math.sqrt((c === 0 ? 1 : 2) / MEL_BANDS) * (1 + (LIFTER / 2) * Math.sin((Math.PI * c) / LIFTER)); // prettier-ignore
  return Float64Array.from({ length: MEL_BANDS }, (_, j) => scale * Math.cos((Math.PI * c * (j + 0.5)) / MEL_BANDS)); // prettier-ignore
});

interface Transform {
  readonly fft: FFT;
  readonly filters: readonly Float64Array[];
}
const transforms = new Map<number, Transform>();

function transformOf(size: number): Transform {
  const known = transforms.get(size) ?? { fft: new FFT(size), filters: triangles(size) };
  transforms.set(size, known);
  return known;
}

/** Rounds as python_speech_features does: a half goes up, whatever the number before it. */
const roundHalfUp = (value: number) => Math.floor(value + 0.5);

const logOf = (energy: number) => Math.log(energy === 0 ? EPSILON : energy);

/**
 * Mel-frequency cepstra as TalkNet-ASD takes them, by python_speech_features: pre-emphasis 0.97 over
 * the whole sound, rectangular windows that begin at their hop, power / transform of the next power of
 * two, 26 triangles from 0 Hz to 8 kHz, ln, orthonormal DCT-II, lifter 22, and the log of the window's
 * energy in place of the first cepstrum. Hop and window are whole samples. Where the original has one
 * row too few and begins again with its first, the last window here reaches into silence.
 * @param audio float32 mono at 16 kHz in [-1, 1], the whole span of the clip
 * @param frames how many MFCC frames (N_len)
 * @returns float32 `[frames, 13]`
 */
export function talknetMfcc(audio: Float32Array, frames: number): Float32Array {
  const hop = audio.length / frames;
  const [step, length] = [roundHalfUp(hop), Math.max(1, roundHalfUp(WINDOW_HOPS * hop))];
  const size = Math.max(2, 2 ** Math.ceil(Math.log2(length)));
  const { fft, filters } = transformOf(size);
  const emphasised = Float64Array.from(audio, (value, i) => FULL_SCALE * (value - (i === 0 ? 0 : PREEMPHASIS * (audio[i - 1] ?? 0)))); // prettier-ignore
  const input = new Float64Array(size);
  const spectrum = new Float64Array(2 * size);
  const power = new Float64Array(size / 2 + 1);
  const logs = new Float64Array(MEL_BANDS);
  const result = new Float32Array(frames * CEPSTRA);
  for (let frame = 0; frame < frames; frame++) {
    const window = emphasised.subarray(frame * step, frame * step + length);
    input.fill(0).set(window);
    fft.realTransform(spectrum, input);
    let energy = 0;
    for (let bin = 0; bin < power.length; bin++)
      energy += power[bin] = ((spectrum[2 * bin] ?? 0) ** 2 + (spectrum[2 * bin + 1] ?? 0) ** 2) / size; // prettier-ignore
    filters.forEach((weights, band) => {
      let sum = 0;
      for (let bin = 0; bin < power.length; bin++) sum += (weights[bin] ?? 0) * (power[bin] ?? 0);
      logs[band] = logOf(sum);
    });
    COSINES.forEach((cosines, c) => {
      let sum = 0;
      for (let j = 0; j < MEL_BANDS; j++) sum += (cosines[j] ?? 0) * (logs[j] ?? 0);
      result[frame * CEPSTRA + c] = sum;
    });
    result[frame * CEPSTRA] = logOf(energy);
  }
  return result;
}
