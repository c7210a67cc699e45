import assert from 'node:assert/strict';
import fc from 'fast-check';
import meyda from 'meyda';
import { CEPSTRA, mfccFeatures } from '../../../stages/audio/mfcc-features.js';
import { SAMPLE_RATE } from '../../../stages/audio/sample-rate.js';

const Meyda = meyda as unknown as typeof meyda.default;

/** The definition in the docstring, written down once more without any library or fast transform. */
function plainMfcc(sound: Float32Array, frames: number): number[] {
  const hop = sound.length / frames;
  const length = Math.round(2.5 * hop);
  const size = Math.max(512, 2 ** Math.ceil(Math.log2(length)));
  const mel = (hertz: number) => 1125 * Math.log(1 + hertz / 700);
  const hertz = (value: number) => 700 * (Math.exp(value / 1125) - 1);
  const corners = Array.from({ length: 28 }, (_, i) =>
    Math.floor(((size + 1) * hertz((i * mel(8000)) / 27)) / 16000),
  );
  const result: number[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const start = Math.round((frame + 0.5) * hop - length / 2);
    const windowed = Array.from(
      { length },
      (_, i) => 32768 * (sound[start + i] ?? 0) * (0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (length - 1))), // prettier-ignore
    );
    const power = Array.from({ length: size / 2 }, (_, bin) => {
      let [real, imaginary] = [0, 0];
      windowed.forEach((value, i) => {
        real += value * Math.cos((2 * Math.PI * bin * i) / size);
        imaginary -= value * Math.sin((2 * Math.PI * bin * i) / size);
      });
      return real * real + imaginary * imaginary;
    });
    const logs = Array.from({ length: 26 }, (_, band) => {
      const [low, peak, high] = [corners[band]!, corners[band + 1]!, corners[band + 2]!];
      const energy = power.reduce((sum, value, bin) => {
        if (bin >= low && bin < peak) return sum + (value * (bin - low)) / (peak - low);
        if (bin >= peak && bin < high) return sum + (value * (high - bin)) / (high - peak);
        return sum;
      }, 0);
      return Math.log(1 + energy);
    });
    for (let c = 0; c < CEPSTRA; c++)
      result.push(2 * logs.reduce((sum, value, j) => sum + value * Math.cos((Math.PI * c * (j + 0.5)) / 26), 0)); // prettier-ignore
  }
  return result;
}

/** Voice-like: a falling tone, its harmonics, and a rhythm. */
function sweep(seconds: number): Float32Array {
  return Float32Array.from({ length: Math.round(seconds * SAMPLE_RATE) }, (_, i) => {
    const t = i / SAMPLE_RATE;
    const phase = 2 * Math.PI * (900 * t - 200 * t * t);
    return 0.3 * (0.6 + 0.4 * Math.sin(25 * t)) * (Math.sin(phase) + 0.4 * Math.sin(3 * phase));
  });
}

const rows = (flat: ArrayLike<number>) =>
  Array.from({ length: flat.length / CEPSTRA }, (_, i) =>
    Array.from({ length: CEPSTRA }, (_, c) => flat[i * CEPSTRA + c]!),
  );

describe('MFCC', () => {
  it('agrees with the plain definition at any frame rate, in any order of sizes', () => {
    // 25 fps, 8 fps (another transform length), 60 fps, and 25 fps again: nothing of it is kept.
    for (const hop of [0.01, 0.031, 0.0042, 0.01]) {
      const sound = sweep(12 * hop);
      const expected = plainMfcc(sound, 12);
      mfccFeatures(sound, 12).forEach((value, i) => {
        assert.ok(
          Math.abs(value - expected[i]!) < 2e-3,
          `hop ${hop}, ${i}: ${value} ${expected[i]}`,
        );
      });
    }
  });

  it('is meyda’s, whatever the sound', () => {
    const extractor = Object.assign({ ...Meyda }, {
      bufferSize: 512, sampleRate: SAMPLE_RATE, melBands: 26, numberOfMFCCCoefficients: CEPSTRA, windowingFunction: 'rect',
    }); // prettier-ignore
    fc.assert(
      fc.property(
        fc.float32Array({ min: -1, max: 1, noNaN: true, minLength: 400, maxLength: 400 }),
        fc.constantFrom(1, 1e-2, 1e-4),
        (samples, loudness) => {
          // One frame whose window, 2.5 hops, is the whole sound: a hop of 160 lies in its middle.
          const sound = new Float32Array(3 * 160).map((_, i) => loudness * (samples[i - 40] ?? 0));
          const ours = mfccFeatures(sound, 3).subarray(CEPSTRA, 2 * CEPSTRA);
          const windowed = new Float32Array(512).map((_, i) =>
            i < 400 ? 32768 * (sound[40 + i] ?? 0) * (0.54 - 0.46 * Math.cos((2 * Math.PI * i) / 399)) : 0,
          ); // prettier-ignore
          const theirs = extractor.extract('mfcc', windowed) as unknown as number[];
          ours.forEach((value, c) => {
            assert.ok(Math.abs(value - theirs[c]!) < 1e-3, `${c}: ${value} ${theirs[c]}`);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('shifts by a frame when the sound shifts by a hop', () => {
    const sound = sweep(0.64);
    const later = rows(
      mfccFeatures(
        Float32Array.from(sound, (_, i) => sound[i - 160] ?? 0),
        64,
      ),
    );
    const plain = rows(mfccFeatures(sound, 64));
    // The outermost windows see silence beyond the span.
    for (let i = 3; i < 62; i++) assert.deepEqual(later[i], plain[i - 1]);
  });

  it('puts the energy of a tone into the mel band of its pitch', () => {
    for (const pitch of [300, 1000, 3000, 6000]) {
      const tone = Float32Array.from({ length: 6400 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * pitch * i) / SAMPLE_RATE)); // prettier-ignore
      const cepstra = rows(mfccFeatures(tone, 40))[20]!;
      // Undoing the DCT with what is left of it gives a smooth spectrum with its peak at the band.
      const bands = Array.from(
        { length: 26 },
        (_, j) =>
        cepstra.reduce((sum, value, c) => sum + (c === 0 ? 0.5 : 1) * value * Math.cos((Math.PI * c * (j + 0.5)) / 26), 0), // prettier-ignore
      );
      const expected = (1125 * Math.log(1 + pitch / 700)) / ((1125 * Math.log(1 + 8000 / 700)) / 27) - 1; // prettier-ignore
      assert.ok(Math.abs(bands.indexOf(Math.max(...bands)) - expected) < 1.5, `${pitch} Hz`);
    }
  });

  it('has the asked shape and finite values for any span and loudness', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 4000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (frames, length, loudness) => {
          const noise = Float32Array.from({ length }, (_, i) => loudness * Math.sin(i * i));
          const result = mfccFeatures(noise, frames);
          assert.equal(result.length, frames * CEPSTRA);
          assert.ok(result.every(Number.isFinite));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is zero for silence', () => {
    assert.ok(mfccFeatures(new Float32Array(1600), 10).every((value) => value === 0));
  });
});
