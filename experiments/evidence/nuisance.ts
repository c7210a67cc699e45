import { drawWander, type Wander } from './motion.js';

export const SPLITS = ['train', 'val', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** Bands that are learned from. */
const LEARNED = [0, 1, 3, 4, 6, 7, 9] as const;
/**
 * Every range is cut into ten bands; test draws from its own. So what a test clip has of anything,
 * from hue to hum, no training clip has, though it has more and less of it: by heart is of no use.
 * Validation, on which recipes are chosen, has other clips of the bands of train: of what is
 * particular to test, a choice can know nothing.
 */
const BANDS: Readonly<Record<Split, readonly number[]>> = {
  train: LEARNED,
  val: LEARNED,
  test: [2, 5, 8],
};
const BAND_COUNT = 10;

/** @returns whether a number in [0, 1) lies in a band that only test draws from */
export const isHeldOut = (u: number): boolean => BANDS.test.includes(Math.floor(u * BAND_COUNT));

/** A number in [0, 1), uniform over the split's bands. */
function drawBanded(split: Split, draw: () => number): number {
  const bands = BANDS[split];
  const band = bands[Math.floor(draw() * bands.length)] ?? 0;
  return (band + draw()) / BAND_COUNT;
}

/** A silent thing that moves about. Lengths in sides of the picture, −1 to 1 for the courses. */
export interface Distractor {
  readonly radius: number;
  readonly hue: number;
  readonly x: Wander;
  readonly y: Wander;
}

/** What differs from clip to clip and says nothing about the class. Lengths in sides of the picture, angles in turns. */
export interface Nuisance {
  /** Hue of the actor and of the background, 0 to 1. */
  readonly hue: number;
  readonly lightness: number;
  readonly backHue: number;
  /** Luminance of the background, 0 to 1. */
  readonly backLight: number;
  readonly texture: {
    /** Amplitude, 0 to 1. */
    readonly contrast: number;
    readonly period: number;
    readonly angle: number;
    /** Of a second grating across the first, in shares of the first. */
    readonly across: number;
    readonly phase: number;
  };
  /** The actor: middle of its horizontal movement, how far it moves, and its mean radius. */
  readonly x: number;
  readonly sway: number;
  readonly swayCourse: Wander;
  readonly radius: number;
  /** How far the camera moves. */
  readonly shake: number;
  readonly shakeCourses: readonly [Wander, Wander];
  /** Width over which edges are soft. */
  readonly blur: number;
  /** Standard deviation of a pixel, of 255. */
  readonly grain: number;
  readonly distractors: readonly Distractor[];
  /** Octaves by which all pitches are shifted. */
  readonly transposition: number;
  /** Levels in dB of full scale: everything, the hum, the hiss. */
  readonly gain: number;
  readonly hum: number;
  readonly hiss: number;
  /** Frequency of the hum in Hz. */
  readonly humPitch: number;
  /** Rate of the pulses of a pulsing voice, in Hz; drawn for every clip. */
  readonly pulse: number;
  /** Seeds of grain and hiss. */
  readonly grainSeed: number;
  readonly hissSeed: number;
}

/** Below this level a hum or a hiss is not there. */
const NONE_DB = -120;

/**
 * @param draw uniform numbers in [0, 1)
 * @param disturbance 1 by default; 0 leaves actor and voice alone
 */
export function drawNuisance(split: Split, draw: () => number, disturbance: number): Nuisance {
  const between = (from: number, to: number) => from + (to - from) * drawBanded(split, draw);
  const level = (from: number, to: number) =>
    Math.max(NONE_DB, between(from, to) + 20 * Math.log10(disturbance + 1e-9));
  const distractor = (): Distractor => ({
    radius: between(0.035, 0.07),
    hue: between(0, 1),
    x: drawWander(draw),
    y: drawWander(draw),
  });
  const count = disturbance === 0 ? 0 : Math.floor(3 * draw());
  return {
    hue: between(0, 1),
    lightness: between(0.6, 0.8),
    backHue: between(0, 1),
    backLight: between(0.1, 0.3),
    texture: {
      contrast: disturbance * between(0.01, 0.06),
      period: between(0.3, 0.9),
      angle: between(0, 1),
      across: between(0, 1),
      phase: draw(),
    },
    x: between(0.4, 0.6),
    sway: between(0.01, 0.06),
    swayCourse: drawWander(draw),
    radius: between(0.13, 0.17),
    shake: disturbance * between(0, 0.03),
    shakeCourses: [drawWander(draw), drawWander(draw)],
    blur: 0.008 + disturbance * between(0, 0.03),
    grain: disturbance * between(1, 6),
    distractors: [distractor(), distractor()].slice(0, count),
    transposition: between(-0.12, 0.12),
    gain: between(-6, 3),
    hum: level(-46, -30),
    hiss: level(-60, -42),
    humPitch: between(55, 130),
    pulse: between(8, 11),
    grainSeed: Math.floor(draw() * 2 ** 31),
    hissSeed: Math.floor(draw() * 2 ** 31),
  };
}
