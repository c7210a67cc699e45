import { readdir } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { VIDEO_EXTENSIONS } from './folder.js';
import { findColumns, type ColumnsOption } from './lists/columns.js';
import { parseListLine } from './lists/csv.js';
import { delimiterOf, firstLine, firstRecords } from './lists/delimited.js';
import { csvFields } from './lists/kinetics-rows.js';
import { PARQUET } from './lists/table.js';
import { peek, quoted } from './lists/text.js';
import { UCF101_LIST } from './lists/ucf101.js';
import { SOURCE_KINDS, type SourceKind } from './video-source.js';

export const KNOWN_SOURCES =
  'a folder of videos, a .jsonl list, a table with named columns (CSV, TSV, Parquet), a list of paths with labels (.csv), or the lists of UCF101, Kinetics or Something-Something v2';

/** The kind of a JSON file by its first object. */
function jsonKind(text: string, columns: ColumnsOption | null): SourceKind {
  const first = /\{[^]*?\}/.exec(text)?.[0] ?? text;
  const keys = [...first.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map(([, key = '']) => key);
  const nested = /^\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\{/.test(first);
  if (columns !== null || (!nested && findColumns(keys, null).path !== undefined)) return 'jsonl';
  return text.startsWith('[') ? 'ssv2' : 'kinetics';
}

const isVideo = (text: string) => VIDEO_EXTENSIONS.has(extname(text).toLowerCase());

/**
 * Whether the first line names the columns of the others. Lines that are parted by spaces are no
 * table, whatever stands above them.
 */
function isTable(text: string, columns: ColumnsOption | null): boolean {
  if (columns !== null) return true;
  const [names = [], row = []] = firstRecords(text, delimiterOf(firstLine(text)));
  if (names.some(isVideo)) return false;
  const [first = ''] = row;
  const known = findColumns(names, null).path !== undefined;
  if (row.length <= 1) return known && names.length === 1 && (isVideo(first) || !/\s/.test(first));
  // Names that say nothing, over a path and a label, are not needed; over anything else they are asked for.
  return known || (row.some(isVideo) && !(isVideo(first) && row.length === 2));
}

/** @throws Error when the file is none of those that are known */
function fileKind(path: string, text: string, columns: ColumnsOption | null): SourceKind {
  if (UCF101_LIST.test(basename(path))) return 'ucf101';
  if (text.startsWith(PARQUET)) return 'table';
  if (/\.(jsonl|ndjson)(\.gz)?$/i.test(path)) return 'jsonl';
  const start = text.trimStart();
  if (start === '') throw new Error(`${path} is empty; give ${KNOWN_SOURCES}`);
  if (/^\{\s*"(database|taxonomy)"/.test(start))
    throw new Error(
      `${path} looks like annotations of ActivityNet, which avme does not read; write a .jsonl list of {"path", "label", "start", "end"}`,
    );
  if (/^[{[]/.test(start)) return jsonKind(start, columns);
  const lines = start.split(/\r?\n/).slice(0, 2);
  if (columns === null && csvFields(lines[0] ?? '').includes('youtube_id')) return 'kinetics';
  if (isTable(start, columns)) return 'table';
  if (lines.some((line) => parseListLine(line) !== null)) return 'csv';
  throw new Error(
    `${path} is no list of videos that avme knows: it begins with ${quoted(lines[0] ?? '')}; give ${KNOWN_SOURCES}, ` +
      `or name its kind: --source-kind ${SOURCE_KINDS.join('|')}`,
  );
}

/** Finds out, by name and content, what is at a path. */
export async function detectKind(
  path: string,
  isFolder: boolean,
  columns: ColumnsOption | null = null,
): Promise<SourceKind> {
  if (!isFolder) return fileKind(path, await peek(path), columns);
  return (await readdir(path)).some((name) => UCF101_LIST.test(name)) ? 'ucf101' : 'folder';
}
