import type { ComponentChildren } from 'preact';
import type { Count, Histogram } from '../../views/answers.js';

export const number = (value: number) => value.toLocaleString('en');

export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  const value = count / 1024 ** power;
  return `${value.toFixed(power > 0 && value < 100 ? 1 : 0)} ${units[power] ?? 'B'}`;
}

export const percent = (part: number, whole: number) =>
  `${whole === 0 ? 0 : Math.round((100 * part) / whole)} %`;

/** One number with its name. */
export function Tile({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export interface Bar {
  readonly name: string;
  readonly count: number;
  readonly href?: string;
}

/** Counts as bars with their numbers: a table that is also a picture. */
export function Bars({ caption, bars, of }: { caption: string; bars: readonly Bar[]; of: number }) {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  return (
    <table class="bars">
      <caption>{caption}</caption>
      <tbody>
        {bars.map(({ name, count, href }) => (
          <tr key={name}>
            <th scope="row">{href === undefined ? name : <a href={href}>{name}</a>}</th>
            <td class="bar" title={percent(count, of)}>
              <span style={{ width: `${(100 * count) / most}%` }} />
            </td>
            <td class="count">{number(count)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const short = (value: number) => String(Number(value.toPrecision(4)));

export function histogramBars({ bins }: Histogram): Bar[] {
  return bins.map(({ from, to, count }) => ({
    name: from === to ? short(from) : `${short(from)} – ${short(to)}`,
    count,
  }));
}

export const countBars = (counts: readonly Count[], none: string): Bar[] =>
  counts.map(([value, count]) => ({ name: value === '' ? none : value, count }));

/** A value of a configuration in words. */
function wordsOf(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  if (typeof value === 'object') {
    if (Array.isArray(value)) return value.map(wordsOf).join(', ');
    return Object.entries(value)
      .map(([name, item]) => `${name} ${wordsOf(item)}`)
      .join(' · ');
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Names and values, as they stand in a file. */
export function Fields({ caption, fields }: { caption: string; fields: unknown }) {
  const entries = typeof fields === 'object' && fields !== null ? Object.entries(fields) : [];
  if (entries.length === 0) return null;
  return (
    <table class="fields">
      <caption>{caption}</caption>
      <tbody>
        {entries.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{wordsOf(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
