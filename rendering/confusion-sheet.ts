import type { SKRSContext2D } from '@napi-rs/canvas';
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
/** From so many classes on, names stand on both sides, and lines help the eye along. */
const MANY = 30;
const GUIDE = 5;
/** Shares that the scale shows. */
const SHARES = [0, 0.02, 0.1, 0.25, 0.5, 1] as const;
/** Mistakes that are named where cells hold no numbers. */
const NAMED = 12;
const LINE = 16;

/** Side of a cell: small where there are many classes, but never too small to read their names. */
const cellSide = (classes: number) => Math.max(11, Math.min(44, Math.floor(1400 / classes)));

/** From white to blue by the root of the share of the row: one mistake of many is still to be seen. */
function shade(fraction: number): string {
  const mix = (from: number, to: number) => Math.round(from + (to - from) * Math.sqrt(fraction));
  return `rgb(${mix(255, 11)}, ${mix(255, 102)}, ${mix(255, 195)})`;
}

/** A confusion of two classes: so many of all videos of one that were taken for the other. */
export interface Mistake {
  readonly label: string;
  readonly takenFor: string;
  readonly count: number;
  readonly all: number;
}

const total = (row: readonly number[]) => row.reduce((sum, count) => sum + count, 0);

/** The most frequent mistakes, by their share of the class's videos, then by their number. */
export function topMistakes({ labels, counts }: Confusion, most: number): Mistake[] {
  return counts
    .flatMap((row, i) =>
      row.flatMap((count, j) =>
        i === j || count === 0
          ? []
          : [{ label: labels[i] ?? '', takenFor: labels[j] ?? '', count, all: total(row) }],
      ),
    )
    .sort((a, b) => b.count / b.all - a.count / a.all || b.count - a.count)
    .slice(0, most);
}

/** What the colours stand for. */
function drawScale(pen: SKRSContext2D, x: number, y: number): void {
  write(pen, 'fraction of the row', x, y + 10, { size: 11, colour: STYLE.faint });
  SHARES.forEach((fraction, i) => {
    pen.fillStyle = shade(fraction);
    pen.fillRect(x, y + 18 + i * LINE, 14, 14);
    pen.strokeStyle = STYLE.line;
    pen.strokeRect(x + 0.5, y + 18.5 + i * LINE, 13, 13);
    write(pen, `${Math.round(100 * fraction)} %`, x + 20, y + 29 + i * LINE, { size: 11 });
  });
}

function drawMistakes(pen: SKRSContext2D, mistakes: readonly Mistake[], x: number, y: number, width: number): void {
  write(pen, 'most often taken for another', x, y, { size: 11, colour: STYLE.faint });
  mistakes.forEach(({ label, takenFor, count, all }, i) => {
    write(pen, `${label} as ${takenFor}: ${count} of ${all}`, x, y + (i + 1) * LINE, { size: 11, maxWidth: width }); // prettier-ignore
  });
} // prettier-ignore

/**
 * Draws a confusion matrix: a row for what videos are, a column for what they were taken for, cells
 * shaded by their share of the row.
 * @param heading one line above it
 */
export async function drawConfusion(confusion: Confusion, heading: string): Promise<Buffer> {
  const { labels, counts } = confusion;
  const side = cellSide(labels.length);
  const many = labels.length >= MANY;
  const { margin } = STYLE;
  const [left, top] = [margin + NAMES, margin + HEAD];
  const grid = side * labels.length;
  const mistakes = side < READABLE ? topMistakes(confusion, NAMED) : [];
  const width = Math.max(left + grid + (many ? NAMES : 0) + margin, 420);
  const below = NAMES + (mistakes.length > 0 ? (mistakes.length + 2) * LINE : 0);
  const { canvas, pen } = createSheet(width, top + grid + below + margin);
  write(pen, heading, margin, margin + 14, { size: 15, maxWidth: width - 2 * margin });
  write(pen, 'rows: what videos are; columns: what they were taken for', margin, margin + 30, { size: 11, colour: STYLE.faint, maxWidth: width - 2 * margin }); // prettier-ignore
  const text = Math.min(12, side);
  pen.fillStyle = STYLE.line;
  for (let i = GUIDE; many && i < labels.length; i += GUIDE) {
    pen.fillRect(left, top + i * side - 1, grid, 1);
    pen.fillRect(left + i * side - 1, top, 1, grid);
  }
  counts.forEach((row, i) => {
    const all = total(row);
    const y = top + i * side;
    const name = { size: text, maxWidth: NAMES - 8 };
    write(pen, labels[i] ?? '', left - 6, y + side / 2 + text / 3, { ...name, align: 'right' });
    if (many) write(pen, labels[i] ?? '', left + grid + 5, y + side / 2 + text / 3, name);
    row.forEach((count, j) => {
      const fraction = all === 0 ? 0 : count / all;
      pen.fillStyle = shade(fraction);
      pen.fillRect(left + j * side, y, side - 1, side - 1);
      if (side >= READABLE && count > 0)
        write(pen, String(count), left + j * side + side / 2, y + side / 2 + 4, { size: 11, align: 'center', colour: fraction > 0.3 ? '#ffffff' : STYLE.ink }); // prettier-ignore
    });
  });
  labels.forEach((label, j) => {
    pen.save();
    pen.translate(left + j * side + side / 2 + text / 3, top + grid + 6);
    pen.rotate(-Math.PI / 2);
    write(pen, label, 0, 0, { size: text, align: 'right', maxWidth: NAMES - 8 });
    pen.restore();
  });
  drawScale(pen, margin, top + grid + 12);
  if (mistakes.length > 0)
    drawMistakes(pen, mistakes, margin, top + grid + NAMES + LINE, width - 2 * margin);
  return canvas.encode('png');
}
