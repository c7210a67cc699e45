import type { SKRSContext2D } from '@napi-rs/canvas';
import { createSheet, drawRgb, STYLE, write } from './canvas.js';

/** One clip as a model met it, or several: films of the same frames, uint8 `[frames, size, size, 3]`. */
export interface Reconstruction {
  readonly title: string;
  readonly films: readonly { readonly name: string; readonly pixels: Uint8Array }[];
}

/** What is shown of a model: the original | the same with its masked patches grey | their reconstruction. */
export function rowsOf(
  original: Uint8Array,
  {
    visible,
    reconstruction,
  }: { readonly visible: Uint8Array; readonly reconstruction: Uint8Array },
): Reconstruction['films'] {
  return [
    { name: 'original', pixels: original },
    { name: 'what the model saw', pixels: visible },
    { name: 'reconstruction', pixels: reconstruction },
  ];
}

const LABEL_WIDTH = 132;

/** Which of the frames fit on a sheet: evenly spread, the first one of a tubelet. */
export function shownFrames(frames: number, tubelet: number, columns: number): number[] {
  // A model of single frames has no tubelets.
  const slots = Math.max(1, Math.floor(frames / tubelet));
  const shown = Math.min(columns, slots);
  return Array.from({ length: shown }, (_, i) => Math.floor((i * slots) / shown) * tubelet);
}

/** A sheet of single frames is as wide as its words need. */
const columnsOf = (frames: readonly number[]) => Math.max(4, frames.length);

function drawClip(
  pen: SKRSContext2D,
  clip: Reconstruction,
  size: number,
  side: number,
  frames: readonly number[],
  top: number,
): void {
  write(pen, clip.title, STYLE.margin, top + 14, {
    maxWidth: LABEL_WIDTH + columnsOf(frames) * (side + STYLE.gap),
  });
  clip.films.forEach(({ name, pixels: film }, row) => {
    const y = top + 22 + row * (side + STYLE.gap);
    write(pen, name, STYLE.margin, y + side / 2, { size: 11, colour: STYLE.faint });
    frames.forEach((frame, column) => {
      const pixels = film.subarray(frame * size * size * 3, (frame + 1) * size * size * 3);
      const x = STYLE.margin + LABEL_WIDTH + column * (side + STYLE.gap);
      drawRgb(pen, pixels, size, size, x, y, side);
    });
  });
}

/**
 * Reconstructions as rows of frames, one a film; all clips have the same films.
 * @param columns how many moments of the clip are shown, at most one a temporal slot; default 8
 * @returns PNG
 */
export function drawReconstructions(
  clips: readonly Reconstruction[],
  { size, tubelet, heading, columns = 8 }: {
    size: number;
    tubelet: number;
    heading: string;
    columns?: number;
  }, // prettier-ignore
): Promise<Buffer> {
  const first = clips[0];
  const pixels = first?.films[0]?.pixels;
  if (first === undefined || pixels === undefined)
    throw new RangeError('reconstruction sheet: no clip to draw');
  const frames = shownFrames(pixels.length / (size * size * 3), tubelet, columns);
  const side = Math.min(160, Math.max(96, size));
  const block = 22 + first.films.length * (side + STYLE.gap) + 14;
  const width = 2 * STYLE.margin + LABEL_WIDTH + columnsOf(frames) * (side + STYLE.gap) - STYLE.gap;
  const { canvas, pen } = createSheet(width, 44 + clips.length * block + 4);
  write(pen, heading, STYLE.margin, 28, { size: 14, maxWidth: width - 2 * STYLE.margin });
  clips.forEach((clip, i) => {
    drawClip(pen, clip, size, side, frames, 44 + i * block);
  });
  return canvas.encode('png');
}
