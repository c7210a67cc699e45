import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import ffmpegPath from '@ffmpeg-installer/ffmpeg';
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';

import ffmpeg from 'fluent-ffmpeg';

/**
 * The demo's own data set: moving shapes whose class can be heard. Every class is a shape with a
 * colour and a pitch; the pitch follows the shape's height, so that sound tells both what moves and
 * where it is. Nothing of it is random: video `i` of a class is the same on every machine.
 */
const CLASSES = [
  'circle', 'square', 'triangle', 'star', 'cross', 'ring', 'bar', 'diamond', 'hexagon', 'moon',
] as const; // prettier-ignore
type ShapeClass = (typeof CLASSES)[number];

const SIDE = 96;
const RATE = 25;
const SECONDS = 3;

/** One video: where its shape is at a time, and what is heard. Lengths are in units of the picture's side. */
interface Scene {
  readonly shape: ShapeClass;
  readonly hue: number;
  /** Hue of the dark background: of no class, so that a shape that is hidden can only be heard. */
  readonly backdrop: number;
  readonly radius: number;
  /** Base pitch in Hz. */
  readonly pitch: number;
  /** Angular speeds [x, y] in rad/s and phases [x, y] in rad of the movement. */
  readonly speed: readonly [number, number];
  readonly phase: readonly [number, number];
}

/** How far the shape travels from the middle, and how far its pitch from the base. */
const REACH = 0.28;
const BEND = 0.3;

/** A low-discrepancy sequence in [0, 1): evenly different videos without a random generator. */
function spread(index: number, dimension: number): number {
  const golden = [0.6180339887, 0.7548776662, 0.5698402909, 0.8191725134][dimension] ?? 0.5;
  return (0.5 + index * golden) % 1;
}

function sceneOf(classIndex: number, video: number): Scene {
  const seed = classIndex * 131 + video;
  return {
    shape: CLASSES[classIndex] ?? 'circle',
    hue: classIndex * 36,
    radius: 0.19 + 0.06 * spread(seed, 0),
    backdrop: 360 * spread(seed + 3, 2),
    // A pentatonic-like ladder, 220 Hz to about 1.9 kHz: a quarter of an octave and more apart.
    pitch: 220 * 2 ** (classIndex * 0.345),
    speed: [1.2 + 1.6 * spread(seed, 1), 1.2 + 1.6 * spread(seed, 2)],
    phase: [2 * Math.PI * spread(seed, 3), 2 * Math.PI * spread(seed + 7, 1)],
  };
}

/** The corners of a regular star polygon; `inner = 1` gives a plain polygon. */
function polygon(pen: SKRSContext2D, corners: number, inner: number): void {
  for (let i = 0; i < corners * 2; i++) {
    const radius = i % 2 === 0 ? 1 : inner;
    const angle = (Math.PI * i) / corners - Math.PI / 2;
    pen.lineTo(radius * Math.cos(angle), radius * Math.sin(angle));
  }
  pen.closePath();
}

const plain = (corners: number) => Math.cos(Math.PI / corners);

/** Draws the outline of a shape of radius 1 around the origin. */
const OUTLINES: Record<ShapeClass, (pen: SKRSContext2D) => void> = {
  circle: (pen) => { pen.arc(0, 0, 1, 0, 2 * Math.PI); },
  square: (pen) => { pen.rect(-0.85, -0.85, 1.7, 1.7); },
  triangle: (pen) => { polygon(pen, 3, plain(3)); },
  star: (pen) => { polygon(pen, 5, 0.4); },
  cross: (pen) => { pen.rect(-1, -0.35, 2, 0.7); pen.rect(-0.35, -1, 0.7, 2); },
  ring: (pen) => { pen.arc(0, 0, 1, 0, 2 * Math.PI); pen.arc(0, 0, 0.55, 0, 2 * Math.PI, true); },
  bar: (pen) => { pen.rect(-1.2, -0.35, 2.4, 0.7); },
  diamond: (pen) => { polygon(pen, 4, plain(4)); },
  hexagon: (pen) => { polygon(pen, 6, plain(6)); },
  moon: (pen) => { pen.arc(0, 0, 1, 0.6, 2 * Math.PI - 0.6); pen.arc(0.55, 0, 0.7, 2 * Math.PI - 0.9, 0.9, true); },
}; // prettier-ignore

/** RGBA bytes of every frame of a scene, one after the other. */
function* framesOf(scene: Scene): Generator<Buffer> {
  const canvas = createCanvas(SIDE, SIDE);
  const pen = canvas.getContext('2d');
  for (let frame = 0; frame < SECONDS * RATE; frame++) {
    const time = frame / RATE;
    pen.fillStyle = `hsl(${scene.backdrop} 25% 15%)`;
    pen.fillRect(0, 0, SIDE, SIDE);
    pen.save();
    pen.translate(
      SIDE * (0.5 + REACH * Math.sin(scene.speed[0] * time + scene.phase[0])),
      SIDE * (0.5 - REACH * Math.sin(scene.speed[1] * time + scene.phase[1])),
    );
    pen.scale(SIDE * scene.radius, SIDE * scene.radius);
    pen.beginPath();
    OUTLINES[scene.shape](pen);
    pen.fillStyle = `hsl(${scene.hue} 85% 60%)`;
    pen.fill();
    pen.restore();
    // The canvas reuses its memory for the next frame.
    yield Buffer.from(canvas.data());
  }
}

/** ffmpeg's expression for a tone whose pitch is `pitch · (1 + BEND · height(t))`: the integral of it, times 2π. */
function toneOf({ pitch, speed, phase }: Scene): string {
  const bend = `${BEND / speed[1]}*(cos(${phase[1]})-cos(${speed[1]}*t+${phase[1]}))`;
  const angle = `2*PI*${pitch}*(t+${bend})`;
  return `0.4*sin(${angle})+0.15*sin(2*(${angle}))`;
}

function encode(scene: Scene, path: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const command = ffmpeg(Readable.from(framesOf(scene)))
      .setFfmpegPath(ffmpegPath.path)
      .inputOptions(['-f rawvideo', '-pix_fmt rgba', `-s ${SIDE}x${SIDE}`, `-r ${RATE}`])
      .input(`aevalsrc=${toneOf(scene)}:s=16000:d=${SECONDS}`.replaceAll(',', '\\,'))
      .inputFormat('lavfi')
      .outputOptions([
        '-c:v libx264',
        '-preset veryfast',
        '-crf 18',
        '-pix_fmt yuv420p',
        '-c:a aac',
      ])
      .on('end', () => {
        finish();
      })
      .on('error', finish);
    const stop = () => {
      command.kill('SIGKILL');
    };
    function finish(error?: Error): void {
      signal?.removeEventListener('abort', stop);
      if (error === undefined) resolve();
      else reject(error);
    }
    signal?.addEventListener('abort', stop);
    command.save(path);
  });
}

/**
 * Makes the demo's data set: one class folder each with `perClass` videos of 3 s, 96×96 at 25 fps,
 * with sound. Videos that are there already are made again: they are cheap, and may be torn.
 * @param onVideo called after each video with how many are done and how many there will be
 */
export async function makeDemoMedia(
  folder: string,
  perClass: number,
  onVideo: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const total = CLASSES.length * perClass;
  let done = 0;
  for (const [classIndex, name] of CLASSES.entries()) {
    await mkdir(join(folder, name), { recursive: true });
    for (let video = 0; video < perClass; video++) {
      signal?.throwIfAborted();
      const path = join(folder, name, `${name}-${String(video).padStart(2, '0')}.mp4`);
      await encode(sceneOf(classIndex, video), path, signal);
      onVideo(++done, total);
    }
  }
}
