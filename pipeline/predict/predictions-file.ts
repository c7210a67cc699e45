import { open } from 'node:fs/promises';
import type { PredictResult } from './results.js';

/** A result as one line of JSON says it: the named classes, without the probabilities of all. */
export function resultFields(result: PredictResult): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(result).filter(([name]) => name !== 'kind' && name !== 'probabilities'),
  );
}

/** RFC 4180. */
const cell = (value: string | number | null) =>
  value === null ? '' : /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value); // prettier-ignore

const row = (cells: readonly (string | number | null)[]) => `${cells.map(cell).join(',')}\r\n`;

function csvHeader(top: number): string {
  const ranks = Array.from({ length: top }, (_, i) => [`label${i + 1}`, `probability${i + 1}`]);
  return row(['id', 'path', 'start', 'end', 'views', ...ranks.flat(), 'failure']);
}

function csvRow(result: PredictResult, top: number): string {
  const { id, path, start, end } = result;
  if (result.kind === 'failure') {
    const none = Array.from({ length: 2 * top }, () => null);
    return row([id, path, start, end, null, ...none, `${result.stage}: ${result.cause}`]);
  }
  const ranks = Array.from({ length: top }, (_, i) => result.top[i]);
  const named = ranks.flatMap((rank) => [rank?.label ?? null, rank?.probability ?? null]);
  return row([id, path, start, end, result.views, ...named, null]);
}

/** Where results go, line by line as they come. */
export interface PredictionsFile extends AsyncDisposable {
  add(result: PredictResult): Promise<void>;
}

/**
 * Opens a file for results; one that is there is replaced.
 * @param path ends in `.jsonl`, a JSON object a line, or `.csv`; undefined: they go nowhere
 * @param top classes that are named of each video
 */
export async function openPredictionsFile(
  path: string | undefined,
  top: number,
): Promise<PredictionsFile> {
  if (path === undefined)
    return { add: () => Promise.resolve(), [Symbol.asyncDispose]: () => Promise.resolve() };
  const csv = /\.csv$/i.test(path);
  const file = await open(path, 'w');
  if (csv) await file.appendFile(csvHeader(top));
  return {
    async add(result) {
      await file.appendFile(csv ? csvRow(result, top) : `${JSON.stringify(resultFields(result))}\n`); // prettier-ignore
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}
