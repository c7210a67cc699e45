import { createSheet, STYLE, write } from './canvas.js';

/** `counts[class][taken for]`, numbers of videos. */
export interface Confusion {
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** Longest name of a class that is written out, in pixels. */
const NAMES = 150;
const HEAD = 40;
/** Cells this large hold their number. */
const READABLE = 22;

/** Side of a cell: small where there are many classes, so that the sheet stays below 1400 pixels. */
const cellSide = (classes: number) => Math.max(9, Math.min(44, Math.floor(1100 / classes)));

/** From white to blue, by the share of the row. */
function shade(share: number): string {
  const mix = (from: number, to: number) => Math.round(from + (to - from) * share);
  return `rgb(${mix(255, 11)}, ${mix(255, 102)}, ${mix(255, 195)})`;
}

/**
 * Draws a confusion matrix: a row for what videos are, a column for what they were taken for, cells
 * shaded by their share of the row.
 * @param heading one line above it
 */
export async function drawConfusion(
  { labels, counts }: Confusion,
  heading: string,
): Promise<Buffer> {
  const side = cellSide(labels.length);
  const { margin } = STYLE;
  const [left, top] = [margin + NAMES, margin + HEAD];
  const grid = side * labels.length;
  const width = Math.max(left + grid + margin, 420);
  const { canvas, pen } = createSheet(width, top + grid + NAMES + margin);
  write(pen, heading, margin, margin + 14, { size: 15, maxWidth: width - 2 * margin });
  write(pen, 'rows: what videos are; columns: what they were taken for', margin, margin + 30, { size: 11, colour: STYLE.faint, maxWidth: width - 2 * margin }); // prettier-ignore
  const text = Math.min(12, side);
  counts.forEach((row, i) => {
    const all = row.reduce((sum, count) => sum + count, 0);
    const y = top + i * side;
    write(pen, labels[i] ?? '', left - 6, y + side / 2 + text / 3, { size: text, align: 'right', maxWidth: NAMES - 8 }); // prettier-ignore
    row.forEach((count, j) => {
      const share = all === 0 ? 0 : count / all;
      pen.fillStyle = shade(share);
      pen.fillRect(left + j * side, y, side - 1, side - 1);
      if (side >= READABLE && count > 0)
        write(pen, String(count), left + j * side + side / 2, y + side / 2 + 4, { size: 11, align: 'center', colour: share > 0.5 ? '#ffffff' : STYLE.ink }); // prettier-ignore
    });
  });
  labels.forEach((label, j) => {
    pen.save();
    pen.translate(left + j * side + side / 2 + text / 3, top + grid + 6);
    pen.rotate(-Math.PI / 2);
    write(pen, label, 0, 0, { size: text, align: 'right', maxWidth: NAMES - 8 });
    pen.restore();
  });
  return canvas.encode('png');
}
