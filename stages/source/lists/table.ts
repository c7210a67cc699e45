import { dirname, relative } from 'node:path';
import { findColumns, noPathText, type ColumnsOption, type Field } from './columns.js';
import { delimitedTable } from './delimited.js';
import { LineError, WrongLines } from './line-error.js';
import { listedEntry } from './listed-entry.js';
import { parquetTable } from './parquet.js';
import { splitOfFile } from './split.js';
import type { Table } from './table-rows.js';
import { peek } from './text.js';
import type { VideoSource } from '../video-source.js';

/** What every Parquet file begins with. */
export const PARQUET = 'PAR1';

/**
 * A table with named columns: CSV, TSV or Parquet, each also packed by gzip. Where no column says the
 * split, the name of the file does.
 * @param list absolute path
 * @param columns which columns hold what; the others are found by their names
 * @param root folder that its paths are relative to; default: the list's own
 */
export function tableSource(
  list: string,
  columns: ColumnsOption | null,
  root = dirname(list),
): VideoSource {
  const split = splitOfFile(list);
  return {
    kind: 'table',
    path: list,
    root,
    async *entries(_ignored, wrong) {
      const table = (await peek(list)).startsWith(PARQUET)
        ? await parquetTable(list)
        : await delimitedTable(list);
      const found = Object.entries(columnsOf(list, table, columns));
      const lines = new WrongLines(wrong);
      for await (const { values, place, problem } of table.rows(found.map(([, name]) => name))) {
        const row: Partial<Record<Field, unknown>> = Object.fromEntries(
          found.map(([field], i) => [field, values[i]]),
        );
        const entry = lines.read(() => {
          if (problem !== undefined) throw new LineError(place, shown(row), problem);
          return listedEntry(row, { root, split, place, got: () => shown(row) });
        });
        if (entry !== undefined) yield entry;
      }
      lines.end();
    },
    fileOf: ({ path }) => relative(root, path),
  };
}

/** A row for a message: Parquet has whole numbers that JSON has not, and bytes. */
const shown = (row: object) =>
  JSON.stringify(row, (_key, value: unknown) => {
    if (typeof value === 'bigint') return Number(value);
    return value instanceof Uint8Array ? `${value.length} bytes` : value;
  });

/** @throws Error naming the file when it has no column of paths, or lacks one that was named */
function columnsOf(list: string, { names }: Table, columns: ColumnsOption | null) {
  try {
    const found = findColumns(names, columns);
    if (found.path === undefined) throw new Error(noPathText(names));
    return found;
  } catch (error) {
    throw new Error(`${list}: ${(error as Error).message}`, { cause: error });
  }
}
