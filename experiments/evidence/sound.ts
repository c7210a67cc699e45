import { SAMPLE_RATE } from '../../stages/audio/sample-rate.js';
import { courseOf, SECONDS } from './motion.js';
import { bell, noiseWords } from './noise.js';
import type { Bouncer, Scene, Singer, Timbre } from './scene.js';

/** Pitch at middle height in Hz, and how many octaves it goes up and down from there: 260 Hz to 1.5 kHz. */
const MIDDLE_PITCH = 620;
const OCTAVES = 1.25;
/** Decibels by which the loudness goes up and down with the size. */
const SWELL_DB = 8;
/** Amplitude of a voice and of a click, of full scale. */
const VOICE = 0.16;
const CLICK = 0.5;
/** Seconds in which a click falls to 1/e. */
const CLICK_DECAY = 0.03;
/** Above it a harmonic is left out. */
const HIGHEST = 7_000;

const decibels = (level: number) => 10 ** (level / 20);

/** Amplitudes of the harmonics, the fundamental first; each timbre has the power of a lone sine of amplitude 1. */
const HARMONICS: Readonly<Record<Timbre, readonly number[]>> = {
  pure: [1],
  pulse: [1],
  buzz: Array.from({ length: 12 }, (_, k) => (k + 1) ** -0.6),
  octave: [1, 1],
  odd: [1, 0, 0.7, 0, 0.5],
};

function normalised(amplitudes: readonly number[]): readonly number[] {
  const power = amplitudes.reduce((sum, amplitude) => sum + amplitude ** 2, 0);
  return amplitudes.map((amplitude) => amplitude / Math.sqrt(power));
}

/** Pitch of a singer in Hz at a time; the truth that the tests compare sounds with. */
export function pitchOf(singer: Singer, transposition: number): (time: number) => number {
  const course = courseOf(singer.pitch);
  return (time) => MIDDLE_PITCH * 2 ** (transposition + OCTAVES * course(time));
}

function addVoice(out: Float64Array, singer: Singer, { nuisance }: Scene): void {
  const pitch = pitchOf(singer, nuisance.transposition);
  const size = courseOf(singer.size);
  const amplitudes = normalised(HARMONICS[singer.timbre]);
  let turns = 0;
  for (let i = 0; i < out.length; i++) {
    const time = i / SAMPLE_RATE;
    const frequency = pitch(time);
    turns = (turns + frequency / SAMPLE_RATE) % 1;
    let sum = 0;
    for (let k = 1; k <= amplitudes.length && k * frequency < HIGHEST; k++)
      sum += (amplitudes[k - 1] ?? 0) * Math.sin(2 * Math.PI * k * turns);
    // Half of each period the pulsing voice is off, with edges of some milliseconds.
    const gate =
      singer.timbre === 'pulse'
        ? 1 / (1 + Math.exp(-12 * Math.sin(2 * Math.PI * nuisance.pulse * time)))
        : 1;
    out[i] = (out[i] ?? 0) + VOICE * gate * decibels(SWELL_DB * size(time)) * sum;
  }
}

function addClicks(out: Float64Array, { clicks }: Bouncer, { nuisance }: Scene): void {
  const words = noiseWords(nuisance.hissSeed ^ 0x5bd1e995);
  for (const { time, level } of clicks) {
    const first = Math.round(time * SAMPLE_RATE);
    for (let i = 0; i < 8 * CLICK_DECAY * SAMPLE_RATE; i++) {
      const since = i / SAMPLE_RATE;
      const body = Math.sin(2 * Math.PI * 900 * 2 ** nuisance.transposition * since);
      const value = CLICK * level * Math.exp(-since / CLICK_DECAY) * (0.5 * body + 0.3 * bell(words())); // prettier-ignore
      // Around the end, like the bouncing itself.
      const at = (first + i) % out.length;
      out[at] = (out[at] ?? 0) + value;
    }
  }
}

/**
 * The sound of a clip: mono at {@link SAMPLE_RATE}, from the first frame's time on.
 * @returns float64 `[SECONDS · SAMPLE_RATE]` in [-1, 1]
 */
export function soundOf(scene: Scene): Float64Array {
  const { actor, nuisance } = scene;
  const out = new Float64Array(SECONDS * SAMPLE_RATE);
  if (actor.kind === 'singer') addVoice(out, actor, scene);
  else addClicks(out, actor, scene);
  const words = noiseWords(nuisance.hissSeed);
  const [gain, hum, hiss] = [nuisance.gain, nuisance.hum, nuisance.hiss].map(decibels) as [number, number, number]; // prettier-ignore
  for (let i = 0; i < out.length; i++) {
    const turns = (2 * Math.PI * nuisance.humPitch * i) / SAMPLE_RATE;
    const noise = hum * (Math.sin(turns) + 0.5 * Math.sin(2 * turns)) + hiss * bell(words());
    out[i] = Math.max(-1, Math.min(1, gain * (out[i] ?? 0) + noise));
  }
  return out;
}
