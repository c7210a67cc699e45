import { createSheet, drawRgb, STYLE, write } from './canvas.js';

/** One picture of a gallery with what stands below it. */
export interface GalleryEntry {
  /** uint8 `[height, width, 3]`, RGB. */
  readonly frame: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly title: string;
  readonly note: string;
}

const COLUMNS = 8;
const SIDE = 132;
const CAPTION = 34;
const HEAD = 58;

/**
 * Many samples at a glance: a frame of each with its label.
 * @returns PNG
 * @throws RangeError when there is none
 */
export function drawGallery(
  entries: readonly GalleryEntry[],
  heading: string,
  note: string,
): Promise<Buffer> {
  if (entries.length === 0) throw new RangeError('gallery: there is no sample to draw');
  const columns = Math.min(COLUMNS, entries.length);
  const rows = Math.ceil(entries.length / columns);
  const inner = Math.max(560, columns * (SIDE + STYLE.gap) - STYLE.gap);
  const { canvas, pen } = createSheet(
    inner + 2 * STYLE.margin,
    HEAD + rows * (SIDE + CAPTION) + STYLE.margin,
  );
  write(pen, heading, STYLE.margin, 28, { size: 16, maxWidth: inner });
  write(pen, note, STYLE.margin, 46, { size: 11, colour: STYLE.faint, maxWidth: inner });
  entries.forEach(({ frame, width, height, title, note: below }, i) => {
    const x = STYLE.margin + (i % columns) * (SIDE + STYLE.gap);
    const y = HEAD + Math.floor(i / columns) * (SIDE + CAPTION);
    // Of any shape, inside the same square.
    const shown = width >= height ? SIDE : (SIDE * width) / height;
    const top = y + (SIDE - (shown * height) / width) / 2;
    drawRgb(pen, frame, width, height, x + (SIDE - shown) / 2, top, shown);
    write(pen, title, x + 2, y + SIDE + 13, { size: 11, maxWidth: SIDE - 4 });
    write(pen, below, x + 2, y + SIDE + 26, { size: 9, colour: STYLE.faint, maxWidth: SIDE - 4 });
  });
  return canvas.encode('png');
}
