import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { logMelFeatures } from '../../../stages/audio/log-mel-features.js';

const RATE = 16_000;

/** One window's bands, straight from the definitions: a sum over samples for each bin, two slopes for each band. */
function bandsOf(samples: readonly number[], bands: number, transform: number): number[] {
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const centred = samples.map((value) => value - mean);
  const emphasised = centred.map((value, i) => value - 0.97 * centred[Math.max(0, i - 1)]!);
  const shaped = emphasised.map((value, i) => value * Math.sin((Math.PI * i) / (samples.length - 1)) ** 2); // prettier-ignore
  const power = Array.from({ length: transform / 2 }, (_, bin) => {
    let [re, im] = [0, 0];
    shaped.forEach((value, i) => {
      re += value * Math.cos((2 * Math.PI * bin * i) / transform);
      im -= value * Math.sin((2 * Math.PI * bin * i) / transform);
    });
    return re * re + im * im;
  });
  const mel = (hertz: number) => 1127 * Math.log1p(hertz / 700);
  const edge = (i: number) => mel(20) + ((mel(8000) - mel(20)) * i) / (bands + 1);
  return Array.from({ length: bands }, (_, band) => {
    const [left, top, right] = [edge(band), edge(band + 1), edge(band + 2)];
    const energy = power.reduce((sum, value, bin) => {
      const place = mel((bin * RATE) / transform);
      const slope = Math.min((place - left) / (top - left), (right - place) / (right - top));
      return sum + Math.max(0, slope) * value;
    }, 0);
    return Math.log(Math.max(energy, 2 ** -23));
  });
}

const tone = (hertz: number, samples: number, loud = 0.5) =>
  Float32Array.from({ length: samples }, (_, i) => loud * Math.sin((2 * Math.PI * hertz * i) / RATE)); // prettier-ignore

describe('log-mel spectrum', () => {
  it('is that of its definitions, for windows of 25 ms and of other lengths', () => {
    for (const [hop, length, transform] of [
      [160, 400, 512],
      [400, 1000, 1024],
      [53, 133, 512],
    ] as const) {
      const frames = 6;
      const sound = tone(440, hop * frames).map((value, i) => value + 0.2 * Math.sin(i * i * 1e-4) + 0.1); // prettier-ignore
      const found = logMelFeatures(sound, frames, 40);
      for (const frame of [2, 3]) {
        const start = Math.round((frame + 0.5) * hop - length / 2);
        const expected = bandsOf([...sound.subarray(start, start + length)], 40, transform);
        expected.forEach((value, band) => {
          const got = found[frame * 40 + band]!;
          assert.ok(Math.abs(got - value) < 1e-4, `hop ${hop}, band ${band}: ${got}, not ${value}`);
        });
      }
    }
  });

  it('agrees with NumPy on a quarter of a second of noise and tones', () => {
    const url = new URL('../../../../test/golden/log-mel.json', import.meta.url);
    const golden = JSON.parse(readFileSync(url, 'utf8')) as {
      frames: number;
      bands: number;
      samples: number[];
      rows: Record<string, number[]>;
    };
    const sound = Float32Array.from(golden.samples, (value) => value / 32_768);
    const found = logMelFeatures(sound, golden.frames, golden.bands);
    for (const [row, values] of Object.entries(golden.rows))
      values.forEach((value, band) => {
        const got = found[Number(row) * golden.bands + band]!;
        assert.ok(Math.abs(got - value) < 1e-3, `frame ${row}, band ${band}: ${got}, not ${value}`);
      });
  });

  it('has its peak where the tone is, and the floor where nothing is', () => {
    const found = logMelFeatures(tone(1000, 16_000), 100, 64).subarray(50 * 64, 51 * 64);
    const mel = (hertz: number) => 1127 * Math.log1p(hertz / 700);
    const expected = (65 * (mel(1000) - mel(20))) / (mel(8000) - mel(20)) - 1;
    assert.ok(Math.abs(found.indexOf(Math.max(...found)) - expected) < 1);
    const silence = logMelFeatures(new Float32Array(1600), 10, 16);
    assert.ok(silence.every((value) => Math.abs(value - Math.log(2 ** -23)) < 1e-5));
  });

  it('is finite whatever it hears, and does not depend on what it heard before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 3000 }),
        fc.integer({ min: 1, max: 20 }),
        (samples, frames) => {
          const sound = Float32Array.from(samples);
          const found = logMelFeatures(sound, frames, 16);
          assert.equal(found.length, frames * 16);
          assert.ok(found.every(Number.isFinite));
          logMelFeatures(tone(300, 2000), 7, 16);
          assert.deepEqual(logMelFeatures(sound, frames, 16), found);
        },
      ),
      { numRuns: 40 },
    );
  });
});
