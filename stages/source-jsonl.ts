import { createReadStream } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { jsonlParser } from 'stream-json/jsonl/parser.js';
import { z } from 'zod';
import type { VideoEntry } from '../cache/records.js';
import type { VideoSource } from './video-source.js';

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

function parse(line: string, place: string, folder: string): VideoEntry | null {
  const fail = (why: string): never => {
    throw new Error(`${place}: ${why}; a line is an object like {"path":"a.mp4","label":"dance"}`);
  };
  if (line.trim() === '') return null;
  const item = jsonlParser({
    errorIndicator: (error: Error) => fail(`not JSON (${error.message})`),
  })(line);
  if (typeof item === 'symbol') return null;
  const checked = lineSchema.safeParse(item.value);
  if (!checked.success)
    return fail(
      checked.error.issues
        .map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': '))
        .join(', '),
    );
  const { path, label, split, start, end, id } = checked.data;
  const segment = start == null && end == null ? '' : `#${start ?? ''}-${end ?? ''}`;
  return {
    path: resolve(folder, path),
    id: id ?? path + segment,
    label: label ?? null,
    split: split ?? null,
    start: start ?? null,
    end: end ?? null,
  };
}

/**
 * A JSONL list: one object a line, `{path, label?, split?, start?, end?, id?}`. A bad line is an
 * error that names the line; a file that is missing is found out later, and stops nothing.
 * @param list absolute path
 */
export function jsonlSource(list: string): VideoSource {
  async function* entries(): AsyncGenerator<VideoEntry> {
    const input = createReadStream(list);
    try {
      let number = 0;
      // Line by line, so that an error can say where it is.
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        const text = ++number === 1 ? line.replace(/^\uFEFF/, '') : line;
        const entry = parse(text, `${list}, line ${number}`, dirname(list));
        if (entry !== null) yield entry;
      }
    } finally {
      input.destroy();
    }
  }
  return { kind: 'jsonl', path: list, entries };
}
