import { randomFor } from '../../cache/order/random.js';
import { classOf, groupOf, type ClassName, type GroupName } from './classes.js';
import {
  delayed,
  drawBouncing,
  drawWander,
  mirrored,
  reversed,
  SECONDS,
  shifted,
  type Bouncing,
  type Wander,
} from './motion.js';
import { drawNuisance, type Nuisance, type Split } from './nuisance.js';

/** What a clip is a pure function of. */
export interface ClipPlace {
  readonly seed: number;
  readonly split: Split;
  readonly index: number;
}

export interface SceneOptions {
  /** Strength of noise, hum, blur, texture, camera movement and distractors; 1 by default, 0 without. */
  readonly disturbance: number;
  /** Share of the clips that have no sound at all, whatever their class. */
  readonly silent: number;
}

/** How a voice sounds. */
export type Timbre = 'pure' | 'buzz' | 'pulse' | 'octave' | 'odd';
export type Shape = 'disc' | 'ring' | 'cross' | 'pair' | 'square' | 'diamond';

/** A thing that wanders; its voice is as high as it is, and as loud as it is large, unless its class says otherwise. */
export interface Singer {
  readonly kind: 'singer';
  readonly shape: Shape;
  readonly timbre: Timbre;
  /** Height, 1 at the top. */
  readonly height: Wander;
  /** Pitch, 1 at the highest. */
  readonly pitch: Wander;
  /** Size and loudness. */
  readonly size: Wander;
}

/** A ball that bounces, and clicks. */
export interface Bouncer {
  readonly kind: 'bouncer';
  readonly bouncing: Bouncing;
  /** When a click begins, in [0, {@link SECONDS}), and how loud it is: as the landing that it belongs to is hard. */
  readonly clicks: readonly { readonly time: number; readonly level: number }[];
}

/** Everything that is seen and heard in a clip. */
export interface Scene extends ClipPlace {
  readonly group: GroupName;
  readonly label: ClassName;
  readonly actor: Singer | Bouncer;
  readonly nuisance: Nuisance;
  readonly hasAudio: boolean;
}

/** Seconds by which clicks miss the bounce: a third of a hop, so that late and early are as far apart as either from on. */
export const CLICK_OFFSET = 1 / 3;

const OFFSETS: Partial<Record<ClassName, number>> = {
  'bounce-late': CLICK_OFFSET,
  'bounce-early': -CLICK_OFFSET,
};

const SHAPES: Partial<Record<ClassName, Shape>> = {
  'shape-ring': 'ring',
  'shape-cross': 'cross',
  'shape-pair': 'pair',
};

const TIMBRES: Partial<Record<ClassName, Timbre>> = {
  'voice-pure': 'pure',
  'voice-buzz': 'buzz',
  'voice-pulse': 'pulse',
};

function bouncer(label: ClassName, draw: () => number): Bouncer {
  const bouncing = drawBouncing(draw);
  const offset = OFFSETS[label] ?? 0;
  const clicks = bouncing.landings.map((landing, i) => ({
    // Around the clip's end: as many clicks are in a clip as landings, however they are shifted.
    time: (landing + offset + SECONDS) % SECONDS,
    level: (bouncing.hops[i] ?? 1) / 1.2,
  }));
  return { kind: 'bouncer', bouncing, clicks };
}

/** How the pitch goes where it is not as the height. */
const PITCHES: Partial<Record<ClassName, (height: Wander, sign: 1 | -1, lag: number) => Wander>> = {
  'pitch-against': mirrored,
  'pitch-beside': delayed,
  'lag-follows': (height, _, lag) => shifted(height, lag),
  'lag-reversed': (height, _, lag) => shifted(reversed(height), lag),
};

function singer(group: GroupName, label: ClassName, draw: () => number): Singer {
  const [height, size] = [drawWander(draw), drawWander(draw)];
  const sign = draw() < 0.5 ? 1 : -1;
  const lag = SECONDS * draw();
  const shape = group === 'lag' ? 'diamond' : group === 'pitch' ? 'square' : SHAPES[label];
  return {
    kind: 'singer',
    shape: shape ?? 'disc',
    timbre: group === 'pitch' || group === 'lag' ? 'odd' : (TIMBRES[label] ?? 'octave'),
    height,
    pitch: PITCHES[label]?.(height, sign, lag) ?? height,
    size,
  };
}

/**
 * All parameters of a clip. What is no part of its class is drawn in the same way for all classes.
 * @param label its class, by default that of its index; another one leaves everything else as it is
 */
export function sceneOf(
  place: ClipPlace,
  { disturbance, silent }: SceneOptions,
  label = classOf(place.index),
): Scene {
  const { seed, split, index } = place;
  const group = groupOf(label);
  const draw = (purpose: string) => randomFor(seed, index, `evidence ${split}`, purpose);
  return {
    ...place,
    group,
    label,
    actor: group === 'bounce' ? bouncer(label, draw('actor')) : singer(group, label, draw('actor')),
    nuisance: drawNuisance(split, draw('nuisance'), disturbance),
    hasAudio: draw('silent')() >= silent,
  };
}
