import { escapeHtml } from './html.js';

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly low: number; readonly high: number }[]; // prettier-ignore
}

export interface LinePlot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  /** Where marks stand on the x axis; default: chosen. */
  readonly marks?: readonly number[] | undefined;
  /** Points are drawn as such: there are few. */
  readonly dots?: boolean;
}

const SIZE = { width: 720, height: 380, left: 64, right: 200, top: 20, bottom: 48 } as const;
/** Okabe and Ito's colours, told apart by the colour-blind, on light and on dark. */
const STYLE = `<style>
.plot { font: 13px system-ui, sans-serif; }
.plot text { fill: #1d1f23; } .plot .axis { stroke: #9aa1ab; } .plot .grid { stroke: #9aa1ab; stroke-opacity: .25; }
.plot .c0 { --c: #0072b2; } .plot .c1 { --c: #d55e00; } .plot .c2 { --c: #009e73; } .plot .c3 { --c: #b35c95; } .plot .c4 { --c: #8a7300; }
.plot .line { fill: none; stroke: var(--c); stroke-width: 2; } .plot .band { fill: var(--c); fill-opacity: .18; } .plot .dot { fill: var(--c); }
.plot text.name { fill: var(--c); font-weight: 600; }
@media (prefers-color-scheme: dark) { .plot text { fill: #e7e9ec; } .plot .c0 { --c: #56b4e9; } .plot .c1 { --c: #f08a3c; } .plot .c2 { --c: #2fc79a; } .plot .c3 { --c: #dd9cc4; } .plot .c4 { --c: #e0c341; } }
</style>`;

/** Round numbers that divide a range into about so many parts. */
export function ticks(low: number, high: number, about = 5): number[] {
  const rough = (high - low) / about;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
} // prettier-ignore

/** Names beside the ends of their lines, pushed apart where they would meet. */
function spreadLabels(places: readonly number[], gap: number): number[] {
  const order = places.map((_, i) => i).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  const spread = [...places];
  order.forEach((index, i) => {
    const above = order[i - 1];
    if (above !== undefined)
      spread[index] = Math.max(spread[index] ?? 0, (spread[above] ?? 0) + gap);
  });
  return spread;
}

const n = (value: number) => value.toFixed(1);

/** Lines with bands, as SVG that stands by itself. @throws RangeError when there is nothing to draw */
export function linePlot({ title, x, y, series, marks, dots = false }: LinePlot): string {
  const all = series.flatMap(({ points }) => points);
  if (all.length === 0) throw new RangeError(`${title}: nothing to draw`);
  const { width, height, left, right, top, bottom } = SIZE;
  const xs = all.map((point) => point.x);
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...all.map((one) => one.low)), Math.max(...all.map((one) => one.high))]; // prettier-ignore
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  const [y0, y1] = [low - room, high + room];
  const toX = (value: number) => left + ((value - x0) / (x1 - x0 || 1)) * (width - left - right);
  const toY = (value: number) => height - bottom - ((value - y0) / (y1 - y0)) * (height - top - bottom); // prettier-ignore
  const at = (px: number, py: number) => `${n(toX(px))},${n(toY(py))}`;
  const grid = ticks(y0, y1).map(
    (tick) =>
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${n(toY(tick))}" y2="${n(toY(tick))}"/><text x="${left - 8}" y="${n(toY(tick) + 4)}" text-anchor="end">${tick}</text>`,
  );
  const below = (marks ?? ticks(x0, x1)).map(
    (tick) => `<text x="${n(toX(tick))}" y="${height - bottom + 18}" text-anchor="middle">${tick}</text>`,
  ); // prettier-ignore
  const ends = spreadLabels(series.map(({ points }) => toY(points.at(-1)?.y ?? 0)), 17); // prettier-ignore
  const lines = series.map(({ name, points }, i) => {
    const band = [...points.map((one) => at(one.x, one.high)), ...points.toReversed().map((one) => at(one.x, one.low))]; // prettier-ignore
    const dot = dots ? points.map((one) => `<circle class="dot" cx="${n(toX(one.x))}" cy="${n(toY(one.y))}" r="3.5"/>`).join('') : ''; // prettier-ignore
    return `<g class="c${i % 5}"><polygon class="band" points="${band.join(' ')}"/><polyline class="line" points="${points.map((one) => at(one.x, one.y)).join(' ')}"/>${dot}<text class="name" x="${width - right + 8}" y="${n((ends[i] ?? 0) + 4)}">${escapeHtml(name)}</text></g>`;
  });
  return `<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeHtml(title)}">${STYLE}
<title>${escapeHtml(title)}</title>
${grid.join('')}
<line class="axis" x1="${left}" x2="${width - right}" y1="${height - bottom}" y2="${height - bottom}"/>
${below.join('')}
<text x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle">${escapeHtml(x)}</text>
<text transform="translate(14 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(y)}</text>
${lines.join('\n')}
</svg>`;
}
