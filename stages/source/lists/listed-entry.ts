import { resolve } from 'node:path';
import { z } from 'zod';
import type { VideoEntry } from '../../../cache/records.js';
import { FIELDS, type Field } from './columns.js';
import { LineError } from './line-error.js';
import { quoted } from './text.js';

/** Longest time that is taken for seconds: nanoseconds and frame numbers of films are more. */
const LONGEST = 1e7;

/** `1:02:03.5`, `02:03.5` or `123.5` in seconds. @returns NaN for anything else */
export function parseTime(text: string): number {
  const parts = /^(?:(?:(\d+):)?(\d{1,2}):(?=\d{1,2}(?:\D|$)))?(\d+(?:[.,]\d*)?|\.\d+)$/.exec(text);
  if (parts === null) return /^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  const [, hours = '0', minutes = '0', seconds = ''] = parts;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds.replace(',', '.'));
}

/** What tables write where there is nothing. */
const isNothing = (value: unknown) =>
  value == null || (typeof value === 'string' ? value.trim() === '' : Number.isNaN(value));

const name = z.unknown().transform((value, context): string | null => {
  if (isNothing(value)) return null;
  if (typeof value === 'string') return value;
  if (['number', 'bigint', 'boolean'].includes(typeof value)) return String(value);
  context.addIssue({ code: 'custom', message: 'must be text or a number' });
  return z.NEVER;
});

const seconds = z.unknown().transform((value, context): number | null => {
  if (isNothing(value) || (typeof value === 'string' && /^(?:nan|none|null|n\/?a)$/i.test(value)))
    return null;
  const time =
    typeof value === 'string'
      ? parseTime(value.trim())
      : typeof value === 'bigint' || typeof value === 'number'
        ? Number(value)
        : NaN;
  if (time >= 0 && time <= LONGEST) return time;
  context.addIssue({ code: 'custom', message: 'must be seconds from 0 on, or like 1:02:03.5' });
  return z.NEVER;
});

const rowSchema = z.object({
  path: z.unknown().transform((value, context): string => {
    // A column of videos as Hugging Face's data sets have it is {bytes, path}.
    const { path, bytes } = (value ?? {}) as { readonly path?: unknown; readonly bytes?: unknown };
    const text = bytes == null ? (path ?? value) : null;
    if (typeof text === 'string' && text !== '') return text;
    const message =
      bytes == null
        ? 'must be the path of a video'
        : 'holds the video itself; avme reads paths: save the videos as files, and list those';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }),
  ...{ label: name, split: name, start: seconds, end: seconds, duration: seconds, id: name },
});

/** What is wrong with a value, one phrase. */
export function problemsOf(error: z.ZodError): string {
  return error.issues
    .map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': '))
    .join(', ');
}

/** Where a row stands in a list. */
interface Place {
  /** Folder that paths are relative to. */
  readonly root: string;
  /** Where the row names none. */
  readonly split: string | null;
  readonly place: string;
  /** The row, for a message. */
  readonly got: () => string;
  /** What would be right. */
  readonly example?: string;
}

/**
 * A row of a table or an object of a list as an entry. `duration` counts only beside `start`: on its
 * own it is the length of the whole video.
 * @throws LineError
 */
export function listedEntry(
  row: Readonly<Partial<Record<Field, unknown>>>,
  { root, split, place, got, example }: Place,
): VideoEntry {
  const wrong = (why: string) =>
    new LineError(place, got(), [why, example ?? []].flat().join('; '));
  const checked = rowSchema.safeParse(
    Object.fromEntries(FIELDS.map((field) => [field, row[field]])),
  );
  if (!checked.success) throw wrong(problemsOf(checked.error));
  const { path, label, start, duration, id, ...rest } = checked.data;
  const end = rest.end ?? (start === null || duration === null ? null : start + duration);
  if ((start ?? 0) >= (end ?? Infinity))
    throw wrong(`end must come after start: ${start ?? 0} to ${end ?? ''} seconds`);
  if (/^(?:https?|s3):\/\//i.test(path))
    throw wrong(`path: ${quoted(path)} is a web address; download it and name the file`);
  const segment = start === null && end === null ? '' : `#${start ?? ''}-${end ?? ''}`;
  return {
    path: resolve(root, path),
    id: id ?? path + segment,
    ...{ label, split: rest.split ?? split, start, end },
  };
}
