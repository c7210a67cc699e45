import { dirname, relative } from 'node:path';
import { jsonlParser } from 'stream-json/jsonl/parser.js';
import type { VideoEntry } from '../../../cache/records.js';
import { findColumns, namesIn, type Columns, type ColumnsOption } from './columns.js';
import { jsonItems } from './json.js';
import { LineError, WrongLines } from './line-error.js';
import { listedEntry } from './listed-entry.js';
import { peek, readLines, type Line } from './text.js';
import type { VideoSource } from '../video-source.js';

const EXAMPLE = 'a video is an object like {"path":"a.mp4","label":"dance"}';

/** Which keys hold what, for objects with the same keys, as most are. */
class KeyColumns {
  private readonly known = new Map<string, Columns>();

  constructor(private readonly wanted: ColumnsOption | null) {}

  of(value: object): Columns {
    const keys = Object.keys(value);
    const name = JSON.stringify(keys);
    const columns =
      this.known.get(name) ??
      // An object may lack what others have.
      findColumns([...keys, ...namesIn(this.wanted)], this.wanted);
    // Objects that all differ would fill the memory.
    if (this.known.size < 100) this.known.set(name, columns);
    return columns;
  }
}

function toEntry(value: unknown, place: string, root: string, keys: KeyColumns): VideoEntry {
  const got = () => JSON.stringify(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new LineError(place, got(), `not an object; ${EXAMPLE}`);
  const object = value as Readonly<Record<string, unknown>>;
  const columns = Object.entries(keys.of(object));
  const row = Object.fromEntries(columns.map(([field, name]) => [field, object[name]]));
  return listedEntry(row, { root, split: null, place, got, example: EXAMPLE });
}

interface Item {
  readonly place: string;
  /** @throws LineError where it is not JSON */
  readonly value: () => unknown;
}

/** @throws LineError */
function parsed({ text, place }: Line): unknown {
  const fail = (error: Error) => {
    throw new LineError(place, text, `not JSON (${error.message}); ${EXAMPLE}`);
  };
  const item = jsonlParser({ errorIndicator: fail })(text);
  return typeof item === 'symbol' ? undefined : item.value;
}

/** The objects of the list with where they stand, whether it is one a line or a JSON array. */
async function* objects(list: string): AsyncGenerator<Item> {
  if ((await peek(list)).trimStart().startsWith('[')) {
    for await (const { key, value } of jsonItems(list, 'array'))
      yield { value: () => value, place: `${list}, item ${Number(key) + 1}` };
    return;
  }
  // Line by line, so that an error can say where it is.
  for await (const line of readLines(list))
    if (line.text.trim() !== '') yield { value: () => parsed(line), place: line.place };
}

/**
 * A JSONL list: one object a line, `{path, label?, split?, start?, end?, id?}`, or the same in a JSON
 * array; keys may have the names that columns of a table have. A bad line is an error that names it; a file that is missing is found out later, and stops
 * nothing.
 * @param list absolute path
 * @param root folder that its paths are relative to; default: the list's own
 * @param columns which keys hold what; the others are found by their names
 */
export function jsonlSource(
  list: string,
  root = dirname(list),
  columns: ColumnsOption | null = null,
): VideoSource {
  const keys = new KeyColumns(columns);
  return {
    kind: 'jsonl',
    path: list,
    root,
    async *entries(_ignored, wrong) {
      const lines = new WrongLines(wrong);
      for await (const { value, place } of objects(list)) {
        const entry = lines.read(() => toEntry(value(), place, root, keys));
        if (entry !== undefined) yield entry;
      }
      lines.end();
    },
    fileOf: ({ path }) => relative(root, path),
  };
}
