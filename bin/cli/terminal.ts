/** What a command says while it works; `bin/` is the only place that prints. */
export interface Report {
  /** Machine-readable: one JSON object a line, printed only with `--json`; documented in docs/reference/json-output.md. */
  event(name: string, fields: object): void;
  /** For people: a line that stays. Silent with `--json`. */
  line(text: string): void;
  /** For people: the one line that changes in place; at most ten times a second. */
  progress(text: string): void;
  /** For people: a picture as text, which takes the place of the one before where nothing came between. */
  picture(text: string): void;
}

const REDRAW_MS = 100;
/** Without a terminal, progress is a plain line every so often: logs stay readable. */
const LOG_MS = 10_000;

/** @param json print JSON lines on stdout instead of text for people */
export function createReport(json: boolean): Report {
  const live = process.stdout.isTTY;
  let shown = false;
  let last = -Infinity;
  /** Lines of the picture that is the last thing printed; 0 where another thing is. */
  let pictured = 0;
  const clear = () => {
    if (shown) process.stdout.write('\r\u001b[K');
    shown = false;
  };
  return {
    event(name, fields) {
      if (json) process.stdout.write(`${JSON.stringify({ event: name, ...fields })}\n`);
    },
    line(text) {
      if (json) return;
      clear();
      pictured = 0;
      process.stdout.write(`${text}\n`);
    },
    picture(text) {
      if (json || text === '') return;
      clear();
      // Of pictures in other protocols the terminal alone knows how high they are.
      const lines = text.includes('▀') ? text.split('\n').length - 1 : 0;
      if (live && pictured > 0) process.stdout.write(`\u001b[${pictured}A`);
      process.stdout.write(text);
      pictured = lines;
    },
    progress(text) {
      const now = performance.now();
      if (json || now - last < (live ? REDRAW_MS : LOG_MS)) return;
      last = now;
      if (!live) {
        pictured = 0;
        process.stdout.write(`${text}\n`);
        return;
      }
      clear();
      process.stdout.write(text.slice(0, process.stdout.columns - 1));
      shown = true;
    },
  };
}

/** A span of time as a person reads it: "3.2 s", "4 min 05 s", "2 h 10 min". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A number of bytes as a person reads it. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  const value = count / 1024 ** power;
  return `${value.toFixed(power > 0 && value < 100 ? 1 : 0)} ${units[power] ?? 'B'}`;
}

/** A text from outside, such as a file's name, in which nothing can move the cursor or begin a line. */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => {
    const code = control.codePointAt(0) ?? 0;
    return `\\x${code.toString(16).padStart(2, '0')}`;
  });
}

/** Rows as a table for people: columns padded, no borders. */
export function table(texts: readonly (readonly string[])[]): string {
  const rows = texts.map((row) => row.map(visible));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
