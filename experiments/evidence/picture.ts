import { bell, noiseWords } from './noise.js';
import { courseOf, heightOf, RATE, SECONDS, type Course } from './motion.js';
import type { Scene, Shape } from './scene.js';
import { DISTANCES, REACH } from './shapes.js';

/** How far a singer goes from the middle of the picture, in sides. */
const CLIMB = 0.3;
/** How much of its mean radius a singer grows and shrinks. */
const SWELL = 0.32;
/** Height of the floor above the lower edge, and of the highest hop, in sides. */
const FLOOR = 0.12;
const LEAP = 0.42;
/** Of a ball, in shares of a singer's radius: it needs room to hop. */
const BALL = 0.75;

/** Where something is on a picture, in sides from the upper left corner. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

type Colour = readonly [number, number, number];

/** @param hue in turns @returns [red, green, blue], each 0 to 255 */
function colourOf(hue: number, saturation: number, lightness: number): Colour {
  const channel = (n: number) => {
    const k = (n + hue * 12) % 12;
    const a = saturation * Math.min(lightness, 1 - lightness);
    return 255 * (lightness - a * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}

/** Where the actor is at a time, the camera held still; the truth that the tests compare pictures with. */
export function actorPlace({ actor, nuisance }: Scene): (time: number) => Place {
  const sway = courseOf(nuisance.swayCourse);
  const x = (time: number) => nuisance.x + nuisance.sway * sway(time);
  if (actor.kind === 'bouncer') {
    const height = heightOf(actor.bouncing);
    const radius = BALL * nuisance.radius;
    return (time) => ({ x: x(time), y: 1 - FLOOR - radius - LEAP * height(time), radius });
  }
  const [height, size] = [courseOf(actor.height), courseOf(actor.size)];
  return (time) => ({
    x: x(time),
    y: 0.5 - CLIMB * height(time),
    radius: nuisance.radius * (1 + SWELL * size(time)),
  });
}

/** A picture in the making: float RGB, `[side, side, 3]`. */
class Painting {
  readonly #pixels: Float32Array;

  constructor(
    readonly side: number,
    readonly blur: number,
  ) {
    this.#pixels = new Float32Array(side * side * 3);
  }

  background({ nuisance }: Scene, dx: number, dy: number): void {
    const { texture, backHue, backLight } = nuisance;
    const base = colourOf(backHue, 0.35, backLight);
    const [cos, sin] = [Math.cos(Math.PI * texture.angle), Math.sin(Math.PI * texture.angle)];
    const wave = (2 * Math.PI) / texture.period;
    for (let row = 0, at = 0; row < this.side; row++)
      for (let column = 0; column < this.side; column++, at += 3) {
        const [x, y] = [column / this.side - dx, row / this.side - dy];
        const along = Math.sin(wave * (x * cos + y * sin) + 2 * Math.PI * texture.phase);
        const across = texture.across * Math.sin(wave * (y * cos - x * sin));
        // Brighter towards the upper edge, as rooms are.
        const light = 255 * (texture.contrast * (along + across) + 0.06 * (0.5 - y));
        for (let c = 0; c < 3; c++) this.#pixels[at + c] = (base[c] ?? 0) + light;
      }
  }

  floor(top: number, colour: Colour): void {
    for (let row = Math.max(0, Math.floor((top - this.blur) * this.side)); row < this.side; row++) {
      const cover = this.#cover(top - (row + 0.5) / this.side);
      for (let column = 0; column < this.side; column++)
        this.#mix((row * this.side + column) * 3, colour, cover);
    }
  }

  shape(kind: Shape, { x, y, radius }: Place, colour: Colour): void {
    const distance = DISTANCES[kind];
    const reach = radius * REACH + this.blur;
    const from = (middle: number) => Math.max(0, Math.floor((middle - reach) * this.side));
    const to = (middle: number) => Math.min(this.side, Math.ceil((middle + reach) * this.side));
    for (let row = from(y); row < to(y); row++)
      for (let column = from(x); column < to(x); column++) {
        const [right, down] = [(column + 0.5) / this.side - x, (row + 0.5) / this.side - y];
        const cover = this.#cover(radius * distance(right / radius, down / radius));
        if (cover > 0) this.#mix((row * this.side + column) * 3, colour, cover);
      }
  }

  /** @returns uint8 `[side, side, 3]` with grain of so many levels */
  finish(grain: number, words: () => number): Uint8Array {
    const bytes = new Uint8ClampedArray(this.#pixels.length);
    for (let i = 0; i < bytes.length; i++)
      bytes[i] = (this.#pixels[i] ?? 0) + (grain > 0 ? grain * bell(words()) : 0);
    return new Uint8Array(bytes.buffer);
  }

  /** How much of a pixel is covered, by its middle's distance from the edge in sides. */
  #cover(distance: number): number {
    const width = Math.max(this.blur, 0.5 / this.side);
    const part = Math.min(1, Math.max(0, 0.5 - distance / (2 * width)));
    return part * part * (3 - 2 * part);
  }

  #mix(at: number, colour: Colour, cover: number): void {
    for (let c = 0; c < 3; c++) {
      const old = this.#pixels[at + c] ?? 0;
      this.#pixels[at + c] = old + cover * ((colour[c] ?? 0) - old);
    }
  }
}

/**
 * The frames of a clip in order: uint8 `[side, side, 3]` RGB each, {@link RATE} a second.
 * Frame `i` shows the scene at `i / RATE` s.
 */
export function* framesOf(scene: Scene, side: number): Generator<Uint8Array> {
  const { nuisance, actor } = scene;
  const place = actorPlace(scene);
  const shakes = nuisance.shakeCourses.map(courseOf) as [Course, Course];
  const distractors = nuisance.distractors.map(({ x, y, ...rest }) => ({ ...rest, x: courseOf(x), y: courseOf(y) })); // prettier-ignore
  const words = noiseWords(nuisance.grainSeed);
  const colour = colourOf(nuisance.hue, 0.75, nuisance.lightness);
  const painting = new Painting(side, nuisance.blur);
  for (let frame = 0; frame < SECONDS * RATE; frame++) {
    const time = frame / RATE;
    const [dx, dy] = shakes.map((shake) => nuisance.shake * shake(time)) as [number, number];
    const seen = (at: Place): Place => ({ ...at, x: at.x + dx, y: at.y + dy });
    painting.background(scene, dx, dy);
    if (actor.kind === 'bouncer')
      painting.floor(1 - FLOOR + dy, colourOf(nuisance.backHue, 0.3, nuisance.backLight + 0.2));
    for (const { x, y, radius, hue } of distractors)
      painting.shape('diamond', seen({ x: 0.5 + 0.42 * x(time), y: 0.5 + 0.42 * y(time), radius }), colourOf(hue, 0.5, 0.4)); // prettier-ignore
    painting.shape(actor.kind === 'bouncer' ? 'disc' : actor.shape, seen(place(time)), colour);
    yield painting.finish(nuisance.grain, words);
  }
}
