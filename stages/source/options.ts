import { z } from 'zod';
import { columnsOption } from './lists/columns.js';
import { SOURCE_KINDS } from './video-source.js';

/** How the source is read. */
export const sourceOptions = z.strictObject({
  /** Its kind; null: found out. */
  sourceKind: z
    .enum(SOURCE_KINDS, { error: `must be one of ${SOURCE_KINDS.join(', ')}` })
    .nullable()
    .default(null),
  /** Folder that the paths in a list are relative to, or in which its videos are found by name; null: the list's own. */
  videos: z.string().min(1, 'must be a folder').nullable().default(null),
  /** Tables and JSON lists: which columns hold what; null: found out by their names. */
  columns: columnsOption.nullable().default(null),
  /** UCF101, given as the folder of its lists: which of the official divisions; null: 1. */
  fold: z.coerce
    .number()
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(99, 'must be 99 or less')
    .nullable()
    .default(null),
  /** Kinetics: the files are the segments already, whatever they are called. */
  trimmed: z.boolean().default(false),
});
export type SourceOptions = z.output<typeof sourceOptions>;
export type SourceInput = z.input<typeof sourceOptions>;
