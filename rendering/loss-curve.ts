import type { SKRSContext2D } from '@napi-rs/canvas';
import { createSheet, STYLE, write } from './canvas.js';

/** A curve over training steps. */
export interface Curve {
  readonly name: string;
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

const WIDTH = 760;
const HEIGHT = 360;
const PLOT = { left: 64, top: 44, right: 20, bottom: 44 } as const;

/** Round numbers that divide `[low, high]` into about `count` parts: 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number, count: number): number[] {
  const range = high - low;
  if (!(range > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(range / count));
  const unit = [1, 2, 5, 10]
    .map((m) => m * power)
    .find((step) => range / step <= count * (1 + 1e-9));
  const step = unit ?? power * 10;
  const out: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++)
    out.push(Number((i * step).toPrecision(12)));
  // A short range may lie between two round numbers.
  return out.length > 0 ? out : [low];
}

/** A centred moving average; the raw curve of single batches is mostly noise. */
export function smooth(values: readonly number[], radius: number): number[] {
  return values.map((_, i) => {
    const near = values.slice(Math.max(0, i - radius), i + radius + 1);
    return near.reduce((sum, value) => sum + value, 0) / near.length;
  });
}

interface Scale {
  (value: number): number;
}

function drawAxes(pen: SKRSContext2D, x: Scale, y: Scale, steps: number[], losses: number[]): void {
  for (const loss of losses) {
    pen.fillStyle = STYLE.line;
    pen.fillRect(PLOT.left, Math.round(y(loss)), WIDTH - PLOT.left - PLOT.right, 1);
    write(pen, String(loss), PLOT.left - 8, y(loss) + 4, {
      size: 11,
      colour: STYLE.faint,
      align: 'right',
    });
  }
  for (const step of steps)
    write(pen, String(step), x(step), HEIGHT - PLOT.bottom + 18, {
      size: 11,
      colour: STYLE.faint,
      align: 'center',
    });
  write(pen, 'step', WIDTH - PLOT.right, HEIGHT - 8, {
    size: 11,
    colour: STYLE.faint,
    align: 'right',
  });
}

function drawLine(
  pen: SKRSContext2D,
  path: readonly (readonly [number, number])[],
  colour: string,
  width: number,
  alpha: number,
): void {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.globalAlpha = alpha;
  pen.beginPath();
  path.forEach(([px, py], i) => {
    if (i === 0) pen.moveTo(px, py);
    else pen.lineTo(px, py);
  });
  pen.stroke();
  pen.globalAlpha = 1;
}

/**
 * Curves over training steps, each faint as logged and strong as a moving average.
 * @returns PNG
 * @throws RangeError when no curve has a finite value
 */
export function drawCurves(curves: readonly Curve[], heading: string): Promise<Buffer> {
  const points = curves.flatMap((curve) => curve.points).filter((p) => Number.isFinite(p.value));
  if (points.length === 0) throw new RangeError('loss curve: nothing to draw, no step was logged');
  const { canvas, pen } = createSheet(WIDTH, HEIGHT);
  const values = points.map((p) => p.value);
  const low = Math.min(0, ...values);
  const high = Math.max(...values) * 1.05 || 1;
  const last = Math.max(1, ...points.map((p) => p.step));
  const x: Scale = (step) => PLOT.left + ((WIDTH - PLOT.left - PLOT.right) * step) / last;
  const y: Scale = (value) =>
    HEIGHT - PLOT.bottom - ((HEIGHT - PLOT.top - PLOT.bottom) * (value - low)) / (high - low);
  drawAxes(pen, x, y, ticks(0, last, 8), ticks(low, high, 6));
  write(pen, heading, STYLE.margin, 28, { size: 14 });
  curves.forEach((curve, i) => {
    const colour = STYLE.accents[i % STYLE.accents.length] ?? STYLE.ink;
    const finite = curve.points.filter((p) => Number.isFinite(p.value));
    const path = (series: readonly number[]) =>
      finite.map((p, at) => [x(p.step), y(series[at] ?? 0)] as const);
    const raw = finite.map((p) => p.value);
    drawLine(pen, path(raw), colour, 1, 0.25);
    drawLine(pen, path(smooth(raw, Math.ceil(raw.length / 50))), colour, 2, 1);
    write(pen, curve.name, WIDTH - PLOT.right, 28 + i * 16, { colour, align: 'right' });
  });
  return canvas.encode('png');
}
