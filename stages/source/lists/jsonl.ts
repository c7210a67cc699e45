import { dirname, relative, resolve } from 'node:path';
import { jsonlParser } from 'stream-json/jsonl/parser.js';
import { z } from 'zod';
import type { VideoEntry } from '../../../cache/records.js';
import { jsonItems } from './json.js';
import { peek, quoted, readLines } from './text.js';
import type { VideoSource } from '../video-source.js';

const seconds = z.number().min(0).nullish();
const name = z.union([z.string(), z.number().transform(String)]).nullish();

/** One line of a list; other fields are allowed and passed over. */
const lineSchema = z
  .object({
    /** Relative to the list's own folder. */
    path: z.string().min(1),
    label: name,
    split: name,
    start: seconds,
    end: seconds,
    id: name,
  })
  .refine(({ start, end }) => (start ?? 0) < (end ?? Infinity), 'end must come after start');

/** What is wrong with a value, one phrase. */
export function problemsOf(error: z.ZodError): string {
  return error.issues
    .map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': '))
    .join(', ');
}

function fail(place: string, why: string): never {
  throw new Error(`${place}: ${why}; a video is an object like {"path":"a.mp4","label":"dance"}`);
}

function toEntry(value: unknown, place: string, root: string): VideoEntry {
  const checked = lineSchema.safeParse(value);
  if (!checked.success)
    fail(place, `got ${quoted(JSON.stringify(value))}: ${problemsOf(checked.error)}`);
  const { path, label, split, start, end, id } = checked.data;
  const segment = start == null && end == null ? '' : `#${start ?? ''}-${end ?? ''}`;
  return {
    path: resolve(root, path),
    id: id ?? path + segment,
    label: label ?? null,
    split: split ?? null,
    start: start ?? null,
    end: end ?? null,
  };
}

/** The objects of the list with where they stand, whether it is one a line or a JSON array. */
async function* objects(list: string): AsyncGenerator<{ value: unknown; place: string }> {
  if ((await peek(list)).trimStart().startsWith('[')) {
    for await (const { key, value } of jsonItems(list, 'array'))
      yield { value, place: `${list}, item ${Number(key) + 1}` };
    return;
  }
  // Line by line, so that an error can say where it is.
  for await (const { text, place } of readLines(list)) {
    if (text.trim() === '') continue;
    const item = jsonlParser({
      errorIndicator: (error: Error) => fail(place, `got ${quoted(text)}: not JSON (${error.message})`), // prettier-ignore
    })(text);
    if (typeof item !== 'symbol') yield { value: item.value, place };
  }
}

/**
 * A JSONL list: one object a line, `{path, label?, split?, start?, end?, id?}`, or the same in a JSON
 * array. A bad line is an error that names it; a file that is missing is found out later, and stops
 * nothing.
 * @param list absolute path
 * @param root folder that its paths are relative to; default: the list's own
 */
export function jsonlSource(list: string, root = dirname(list)): VideoSource {
  return {
    kind: 'jsonl',
    path: list,
    root,
    async *entries() {
      for await (const { value, place } of objects(list)) yield toEntry(value, place, root);
    },
    fileOf: ({ path }) => relative(root, path),
  };
}
