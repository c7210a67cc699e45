import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema, type FileMetaData, type SchemaElement } from 'hyparquet'; // prettier-ignore
import { compressors } from 'hyparquet-compressors';
import { z } from 'zod';
import { isPacked, listBytes } from './text.js';
import type { Table, TableRow } from './table-rows.js';

/** Parts of a second in each unit of a time of day. */
const TIME_UNITS = { MILLIS: 1e3, MICROS: 1e6, NANOS: 1e9 } as const;

const featureSchema = z.object({ _type: z.literal('ClassLabel'), names: z.array(z.string()) });
const infoSchema = z.object({ info: z.object({ features: z.record(z.string(), z.unknown()) }) });

/** The names of a column's classes, as Hugging Face's data sets keep them; without them classes are numbers. */
function classesOf({ key_value_metadata: metadata = [] }: FileMetaData, column: string) {
  const text = metadata.find(({ key }) => key === 'huggingface')?.value;
  try {
    const { info } = infoSchema.parse(JSON.parse(text ?? 'null'));
    return featureSchema.parse(info.features[column]).names;
  } catch {
    return null;
  }
}

/** What a value means that the file stores as a number. */
function meaningOf(metadata: FileMetaData, { name, logical_type: type }: SchemaElement) {
  const classes = classesOf(metadata, name);
  const parts = type?.type === 'TIME' ? TIME_UNITS[type.unit] : null;
  return (value: unknown): unknown => {
    if (typeof value !== 'number' && typeof value !== 'bigint') return value;
    if (parts !== null) return Number(value) / parts;
    return classes?.[Number(value)] ?? value;
  };
}

/** @throws Error in words for what the reader cannot read */
async function reading<T>(list: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    throw new Error(
      `${list}: not Parquet as it should be (${(error as Error).message}); copy or download it again`,
      { cause: error },
    );
  }
}

/** Parquet is read at any place, which a packed file does not allow: it is unpacked beside it all. */
async function* unpacked(list: string): AsyncGenerator<string> {
  if (!(await isPacked(list))) {
    yield list;
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'avme-list-'));
  try {
    const path = join(folder, 'list.parquet');
    await pipeline(listBytes(list), createWriteStream(path));
    yield path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A Parquet file, of which one row group at a time is in memory, and of that only the columns asked for. */
export async function parquetTable(list: string): Promise<Table> {
  for await (const path of unpacked(list)) {
    const { children } = await reading(list, async () =>
      parquetSchema(await parquetMetadataAsync(await asyncBufferFromFile(path))),
    );
    return {
      names: children.map(({ element }) => element.name),
      rows: (columns) => rowsOf(list, columns),
    };
  }
  throw new Error(`${list} is not there`);
}

async function* rowsOf(list: string, columns: readonly string[]): AsyncGenerator<TableRow> {
  for await (const path of unpacked(list)) {
    const file = await asyncBufferFromFile(path);
    const metadata = await reading(list, () => parquetMetadataAsync(file));
    const elements = parquetSchema(metadata).children.map(({ element }) => element);
    const meanings = columns.map((column) => {
      const element = elements.find(({ name }) => name === column);
      return element === undefined ? (value: unknown) => value : meaningOf(metadata, element);
    });
    let rowStart = 0;
    for (const { num_rows: count } of metadata.row_groups) {
      const rowEnd = rowStart + Number(count);
      const rows = await reading(list, () =>
        parquetReadObjects({
          file,
          metadata,
          compressors,
          columns: [...columns],
          rowStart,
          rowEnd,
        }),
      );
      for (const row of rows)
        yield {
          values: columns.map((column, i) => meanings[i]?.(row[column])),
          place: `${list}, row ${++rowStart}`,
        };
    }
  }
}
