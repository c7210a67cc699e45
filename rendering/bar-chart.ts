import { createSheet, STYLE, write } from './canvas.js';
import { ticks } from './loss-curve.js';

/** Bars side by side: one value a series. */
export interface BarGroup {
  readonly name: string;
  readonly values: readonly number[];
}

export interface BarOptions {
  readonly heading: string;
  /** What the bars of a group are. */
  readonly series: readonly string[];
  /** How a value is written. */
  readonly format: (value: number) => string;
  /** Where the scale ends; default the largest value. It begins at 0. */
  readonly most?: number;
}

const PLOT = { left: 70, top: 64, bottom: 40, height: 220 } as const;
const BAR = 56;
const GAP = 28;

/** Draws groups of bars from 0 up, their values above them; one that is no number is left out. */
export function drawBars(
  groups: readonly BarGroup[],
  { heading, series, format, most }: BarOptions,
): Promise<Buffer> {
  const group = BAR * series.length + GAP;
  const width = PLOT.left + groups.length * group + STYLE.margin;
  const bottom = PLOT.top + PLOT.height;
  const { canvas, pen } = createSheet(width, bottom + PLOT.bottom);
  const values = groups.flatMap((one) => one.values).filter(Number.isFinite);
  const top = most ?? Math.max(...values, Number.MIN_VALUE);
  const y = (value: number) => bottom - (PLOT.height * value) / top;
  write(pen, heading, STYLE.margin, 24, { size: 15, maxWidth: width - 2 * STYLE.margin });
  series.forEach((name, i) => {
    const x = PLOT.left + i * 120;
    pen.fillStyle = STYLE.accents[i % STYLE.accents.length] ?? STYLE.ink;
    pen.fillRect(x, 36, 10, 10);
    write(pen, name, x + 15, 45, { size: 11, maxWidth: 100 });
  });
  for (const value of ticks(0, top, 5)) {
    pen.fillStyle = STYLE.line;
    pen.fillRect(PLOT.left, Math.round(y(value)), width - PLOT.left - STYLE.margin, 1);
    write(pen, format(value), PLOT.left - 6, y(value) + 4, { size: 10, colour: STYLE.faint, align: 'right', maxWidth: PLOT.left - 10 }); // prettier-ignore
  }
  groups.forEach(({ name, values: bars }, at) => {
    const left = PLOT.left + GAP / 2 + at * group;
    bars.forEach((value, i) => {
      if (!Number.isFinite(value)) return;
      const x = left + i * BAR;
      pen.fillStyle = STYLE.accents[i % STYLE.accents.length] ?? STYLE.ink;
      pen.fillRect(x + 4, y(value), BAR - 8, bottom - y(value));
      write(pen, format(value), x + BAR / 2, y(value) - 4, { size: 10, align: 'center' });
    });
    write(pen, name, left + (BAR * bars.length) / 2, bottom + 18, { size: 11, align: 'center', maxWidth: group - 4 }); // prettier-ignore
  });
  return canvas.encode('png');
}
