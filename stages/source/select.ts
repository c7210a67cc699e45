import { stat } from 'node:fs/promises';
import { matchesGlob } from 'node:path';
import { z } from 'zod';
import { checksum } from '../../cache/codec/checksum.js';
import type { VideoEntry } from '../../cache/records.js';
import { splitName } from './lists/split.js';
import { quoted } from './lists/text.js';
import type { VideoSource } from './video-source.js';

/** One of the parts that several processes share a list by. */
export interface Part {
  /** 0 to count − 1. */
  readonly index: number;
  readonly count: number;
}

export const LARGEST_COUNT = 99_999;

const partSchema = z
  .strictObject({ index: z.number().int().min(0), count: z.number().int().min(1) })
  .refine(({ index, count }) => index < count && count <= LARGEST_COUNT);

/** `0/16`, or what it becomes. */
export const part = z.union([z.string(), partSchema]).transform((given, context): Part => {
  if (typeof given === 'object') return given;
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(given.trim()) ?? [];
  const checked = partSchema.safeParse({ index: Number(index), count: Number(count) });
  if (checked.success) return checked.data;
  context.addIssue({
    code: 'custom',
    message: `must be like 0/16: a part, from 0 on, and the number of parts, at most ${LARGEST_COUNT}`,
  });
  return z.NEVER;
});

const names = z
  .union([z.string(), z.array(z.string())])
  .transform((given) =>
    [given]
      .flat()
      .flatMap((text) => text.split(','))
      .map((name) => name.trim())
      .filter(Boolean),
  )
  .refine((list) => list.length > 0, 'must name a split, like train');

const globs = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat())
  .refine((list) => list.every((glob) => glob !== ''), 'must be a pattern, like "dance/**"');

/** Which of the source's entries are taken. None of it belongs to what a cache is: it can be extended later. */
export const selectionOptions = z.strictObject({
  /** Only entries of these splits; training, valid and the like are the same as train and val. */
  split: names.nullable().default(null),
  /** Only entries whose id or label is matched by one of these globs; `*` stops at "/", `**` does not. */
  filter: globs.nullable().default(null),
  /** Only the first so many of those. */
  limit: z.coerce
    .number()
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .nullable()
    .default(null),
  /** Only this part of those, by a hash of the file's name. */
  shard: part.nullable().default(null),
});
export type Selection = z.output<typeof selectionOptions>;
export type SelectionInput = z.input<typeof selectionOptions>;

/**
 * The part that a file belongs to: by its name alone, so all segments of a file are in one part, and
 * a file stays where it is when the list grows.
 */
export function partOf(file: string, count: number): number {
  return partOfHash(fileHash(file), count);
}

/** What parts are drawn by. */
export const fileHash = (file: string): bigint => checksum(Buffer.from(file));

/** {@link partOf} for a file whose {@link fileHash} is known. */
export function partOfHash(hash: bigint, count: number): number {
  return Number(hash % BigInt(count));
}

/** What was seen on the way, for the message when nothing is left. */
class Seen {
  count = 0;
  ofSplit = 0;
  taken = 0;
  readonly splits = new Map<string, number>();
  readonly ignored = new Map<string, number>();
  example: string | null = null;
  /** The first that was taken, until one is found whose file is there. */
  missing: string | null = null;
  found = false;

  see({ split, id }: VideoEntry): void {
    this.count++;
    this.example ??= id;
    const name = split ?? 'none';
    // Names of splits are few; what else stands there need not be counted.
    if (this.splits.size < 20 || this.splits.has(name))
      this.splits.set(name, (this.splits.get(name) ?? 0) + 1);
  }

  async take({ path }: VideoEntry): Promise<void> {
    this.taken++;
    if (this.found) return;
    this.found = await stat(path).then(
      () => true,
      () => false,
    );
    this.missing ??= path;
  }

  /** @throws Error when there were entries, and nothing comes of them */
  assertSome({ path, root, kind }: VideoSource, { split, filter }: Selection): void {
    if (this.count === 0) {
      const others = [...this.ignored].map(([extension, n]) => `${n} ${extension}`);
      throw new Error(
        `there is no video in ${path}` +
          (others.length > 0 ? ` (passed over: ${others.join(', ')})` : ': it is empty'),
      );
    }
    const number = (n: number) => n.toLocaleString('en');
    if (this.ofSplit === 0)
      throw new Error(
        `--split ${split?.join(',') ?? ''}: none of the ${number(this.count)} videos of ${path} is in it; its splits are ` +
          [...this.splits].map(([name, n]) => `${name} (${number(n)} videos)`).join(', '),
      );
    if (this.taken === 0)
      throw new Error(
        `--filter ${filter?.map(quoted).join(', ') ?? ''}: matches none of the ${number(this.ofSplit)} videos of ${path}; ` +
          `it is compared with their ids, like ${quoted(this.example ?? '')}, and their labels; * stops at "/", ** does not`,
      );
    if (!this.found && kind !== 'folder')
      throw new Error(
        `0 of the ${number(this.taken)} listed videos are under ${root}; the first would be ${this.missing ?? ''}: ` +
          'give the folder that they are in with --videos',
      );
  }
}

/**
 * A source of which only some entries are taken. A part of it may be empty.
 * @throws Error while it is walked, when there is nothing, nothing is selected, or no file of what is
 */
export function select(source: VideoSource, selection: Selection): VideoSource {
  const { filter, limit, shard } = selection;
  const splits = selection.split === null ? null : new Set(selection.split.map(splitName));
  const matches = (glob: string, text: string | null) => text !== null && matchesGlob(text, glob);
  return {
    ...source,
    async *entries(ignored, wrong) {
      const seen = new Seen();
      const passedOver = (extension: string) => {
        seen.ignored.set(extension, (seen.ignored.get(extension) ?? 0) + 1);
        ignored?.(extension);
      };
      for await (const entry of source.entries(passedOver, wrong)) {
        seen.see(entry);
        if (splits !== null && !splits.has(splitName(entry.split ?? ''))) continue;
        seen.ofSplit++;
        const { id, label } = entry;
        if (filter !== null && !filter.some((glob) => matches(glob, id) || matches(glob, label)))
          continue;
        await seen.take(entry);
        if (shard === null || partOf(source.fileOf(entry), shard.count) === shard.index)
          yield entry;
        if (seen.taken === limit) break;
      }
      seen.assertSome(source, selection);
    },
  };
}
