import { z } from 'zod';
import { quoted } from './text.js';

/** What avme takes from a row of a table, or from an object of a JSON list. */
export const FIELDS = ['path', 'label', 'split', 'start', 'end', 'duration', 'id'] as const;
export type Field = (typeof FIELDS)[number];

/**
 * Names that columns of data sets have, the most telling first; letters and digits count alone.
 * `video_id` is not among them: all segments of a video have the same one.
 */
const NAMES: Readonly<Record<Field, string>> = {
  path: 'path videopath filepath file filename video videofile videofilename videoname clippath clip url videourl uri contenturl',
  label: 'label labels class classname category action caption text',
  split: 'split subset partition',
  start: 'start starttime timestart startsec startseconds starts begin',
  end: 'end endtime timeend endsec endseconds ends',
  duration: 'duration durationsec durationseconds',
  id: 'id clipid segmentid',
};

/** Which column each field is in. */
export type Columns = Readonly<Partial<Record<Field, string>>>;

const bare = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

const columnSchema = z.strictObject(
  Object.fromEntries(FIELDS.map((field) => [field, z.string().optional()])) as {
    [field in Field]: z.ZodOptional<z.ZodString>;
  },
);

const MEANT = `must be like path=video_path,label=action; the fields are ${FIELDS.join(', ')}`;

/** `path=video_path,label=action`, or what it becomes; an empty name means that there is no such column. */
export const columnsOption = z
  .union([z.string(), z.array(z.string()), columnSchema], { error: MEANT })
  .transform((given, context): z.output<typeof columnSchema> => {
    if (typeof given === 'object' && !Array.isArray(given)) return given;
    // The name of a column may have commas of its own.
    const pairs = [given].flat().flatMap((text) => text.split(/,(?=\s*[a-z]+\s*=)/));
    const entries = pairs.map((pair) => [
      pair.slice(0, Math.max(0, pair.indexOf('='))).trim(),
      pair.slice(pair.indexOf('=') + 1).trim(),
    ]);
    const checked = columnSchema.safeParse(Object.fromEntries(entries));
    if (checked.success) return checked.data;
    context.addIssue({ code: 'custom', message: MEANT });
    return z.NEVER;
  });
export type ColumnsOption = z.output<typeof columnsOption>;

/**
 * Finds the columns of a table: those that are named, the others by the names that data sets use.
 * @throws Error when a column that was named is not there
 */
export function findColumns(names: readonly string[], wanted: ColumnsOption | null): Columns {
  const found: Partial<Record<Field, string>> = {};
  const taken = new Set(namesIn(wanted));
  for (const field of FIELDS) {
    const name = wanted?.[field];
    if (name === '') continue;
    if (name !== undefined && !names.includes(name))
      throw new Error(`there is no column ${quoted(name)} for ${field}; ${columnsText(names)}`);
    const usual = NAMES[field].split(' ');
    const rank = (column: string) => usual.indexOf(bare(column));
    const known = names
      .filter((column) => rank(column) >= 0 && !taken.has(column))
      .sort((a, b) => rank(a) - rank(b));
    const column = name ?? known[0];
    if (column !== undefined) found[field] = column;
  }
  return found;
}

/** The columns that were named. */
export const namesIn = (wanted: ColumnsOption | null): string[] =>
  Object.values(wanted ?? {}).filter((name): name is string => Boolean(name));

/** Which columns there are, for a message. */
export function columnsText(names: readonly string[]): string {
  const some = names.slice(0, 20).map(quoted).join(', ');
  return `the columns are ${some}${names.length > 20 ? ` and ${names.length - 20} more` : ''}`;
}

/** What to say where no column holds paths. */
export function noPathText(names: readonly string[]): string {
  return (
    `no column is known to hold the paths of videos; ${columnsText(names)}: ` +
    `say which one does, like --columns path=${names.find((name) => name !== '') ?? 'NAME'}`
  );
}
