import { z } from 'zod';
import { jsonItems } from './json.js';
import { LineError, type WrongLines } from './line-error.js';
import { problemsOf } from './listed-entry.js';
import { splitName, splitOfFile } from './split.js';
import { quoted, readLines } from './text.js';

/** What the annotations say of a segment of a video on YouTube. */
export interface KineticsRow {
  readonly youtubeId: string;
  readonly label: string | null;
  /** Seconds in the whole video; null where nothing is said of a segment. */
  readonly segment: readonly [number, number] | null;
  readonly split: string | null;
}

const seconds = z.number().min(0);
const segment = z
  .tuple([seconds, seconds])
  .refine(([start, end]) => start < end, 'its end must come after its start');

const itemSchema = z.object({
  annotations: z.object({ label: z.string().nullish(), segment: segment.nullish() }).nullish(),
  subset: z.string().nullish(),
});

/** `{"ID": {"annotations": {"label", "segment": [s, e]}, "subset"}}` of any size. */
export async function* kineticsJson(path: string, lines: WrongLines): AsyncGenerator<KineticsRow> {
  const named = splitOfFile(path);
  for await (const { key, value } of jsonItems(path, 'object')) {
    const item = lines.read(() => {
      const checked = itemSchema.safeParse(value);
      if (checked.success) return checked.data;
      throw new LineError(
        `${path}, video ${quoted(String(key))}`,
        JSON.stringify(value),
        `${problemsOf(checked.error)}; a video is like "abc": {"annotations": {"label": "surfing", "segment": [2, 12]}, "subset": "train"}`,
      );
    });
    if (item === undefined) continue;
    const { annotations, subset } = item;
    yield {
      youtubeId: String(key),
      label: annotations?.label ?? null,
      segment: annotations?.segment ?? null,
      split: subset == null ? named : splitName(subset),
    };
  }
}

/** The fields of a line of a CSV file; quoted ones may hold commas. */
export function csvFields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"\s*(?=,|$)|([^,]*))/g)].map(
    ([, inQuotes, plain = '']) => inQuotes?.replaceAll('""', '"') ?? plain.trim(),
  );
}

const COLUMNS = ['label', 'youtube_id', 'time_start', 'time_end', 'split'] as const;
type Column = (typeof COLUMNS)[number];

const rowSchema = z.object({
  label: z.string().optional(),
  youtube_id: z.string().min(1),
  time_start: z.coerce.number().min(0),
  time_end: z.coerce.number().min(0),
  split: z.string().optional(),
});

/** The official lists with a line of columns: `label,youtube_id,time_start,time_end,split`. */
export async function* kineticsCsv(path: string, lines: WrongLines): AsyncGenerator<KineticsRow> {
  const named = splitOfFile(path);
  let columns: readonly string[] | undefined;
  for await (const { text, place } of readLines(path)) {
    if (text.trim() === '') continue;
    const fields = csvFields(text);
    if (columns === undefined) {
      columns = fields;
      continue;
    }
    const row: Partial<Record<Column, string>> = {};
    for (const name of COLUMNS) {
      const value = fields[columns.indexOf(name)];
      if (value !== undefined && value !== '') row[name] = value;
    }
    const names = columns.join(',');
    const right = lines.read(() => {
      const checked = rowSchema.safeParse(row);
      if (checked.success && checked.data.time_start < checked.data.time_end) return checked.data;
      const why = checked.success
        ? 'time_end must come after time_start'
        : problemsOf(checked.error);
      throw new LineError(place, text, `${why}; the columns are ${names}`);
    });
    if (right === undefined) continue;
    const { youtube_id: youtubeId, time_start: start, time_end: end, label, split } = right;
    yield {
      youtubeId,
      label: label ?? null,
      segment: [start, end],
      split: split === undefined ? named : splitName(split),
    };
  }
}
