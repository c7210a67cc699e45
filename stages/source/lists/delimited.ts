import { pipeline, Readable } from 'node:stream';
import { CsvError, parse, type Info } from 'csv-parse';
import { parse as parseAtOnce } from 'csv-parse/sync';
import { listBytes, peek } from './text.js';
import type { Table, TableRow } from './table-rows.js';

/** Longer records are those of some other file, or a quote in them was never closed. */
const LONGEST = 1 << 20;

const OPTIONS = {
  bom: true,
  trim: true,
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  max_record_size: LONGEST,
} as const;

/** What parts the fields of a line: the most frequent of tab, comma, semicolon and bar; a comma when none is there. */
export function delimiterOf(line: string): string {
  const bare = line.replace(/"(?:[^"]|"")*"/g, '');
  const count = (delimiter: string) => bare.split(delimiter).length;
  return [',', '\t', ';', '|'].reduce((best, one) => (count(one) > count(best) ? one : best));
}

/** The first records of a text; the last of them may be cut off. */
export function firstRecords(text: string, delimiter: string): string[][] {
  try {
    return parseAtOnce(text, { ...OPTIONS, delimiter, to: 2 });
  } catch {
    return [];
  }
}

/** The first line of a list that is not empty. */
export const firstLine = (text: string) =>
  text.split(/\r?\n/).find((line) => line.trim() !== '') ?? '';

/** A CSV or TSV file whose first line names the columns; packed by gzip or not. */
export async function delimitedTable(list: string): Promise<Table> {
  const text = await peek(list);
  const delimiter = delimiterOf(firstLine(text));
  const [names = []] = firstRecords(text, delimiter);
  return {
    names,
    rows: (columns) => rowsOf(list, { names, delimiter, columns }),
  };
}

interface Form {
  readonly names: readonly string[];
  readonly delimiter: string;
  readonly columns: readonly string[];
}

async function* rowsOf(
  list: string,
  { names, delimiter, columns }: Form,
): AsyncGenerator<TableRow> {
  const parser = parse({ ...OPTIONS, delimiter, info: true });
  // Whatever fails is thrown by the loop below.
  pipeline(Readable.from(listBytes(list)), parser, () => undefined);
  const at = columns.map((column) => names.indexOf(column));
  let header = true;
  try {
    for await (const item of parser) {
      const { record, info } = item as { readonly record: string[]; readonly info: Info };
      const further = record.slice(names.length).filter(Boolean);
      if (!header)
        yield {
          values: at.map((i) => record[i]),
          place: `${list}, line ${info.lines}`,
          ...(further.length > 0 && {
            problem: `${record.length} fields, but the header has ${names.length}; a field with ${JSON.stringify(delimiter)} in it must be in quotes`,
          }),
        };
      header = false;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { code, lines, message } = error;
    const why =
      code === 'CSV_MAX_RECORD_SIZE' || code === 'CSV_QUOTE_NOT_CLOSED'
        ? 'there is a quote in it that nothing closes'
        : message;
    throw new Error(`${list}, record that ends in line ${String(lines)}: ${why}`, { cause: error });
  }
}
