import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { openCache, type CacheReader } from '../../../cache/reader.js';
import { selectSamples, type Subset } from '../../../cache/subset.js';
import { wholeNumber } from '../../../stages/train/training-options.js';
import type { LoaderSource } from '../../../stages/load/options.js';

const list = (text: string): string[] => text.split(',');
const names = z.union([z.string().transform(list), z.array(z.string()).readonly()]);
/** "" stands for samples that have none. */
const choice = names.transform((all) => all.map((name) => (name === '' ? null : name))).optional();
const repeat = z
  .union([z.string().transform(list), z.number().transform((one) => [one]), z.array(z.unknown())])
  .pipe(z.array(wholeNumber))
  .optional();

/** Which samples a run learns from, beside its caches. */
export const dataOptions = z.strictObject({
  /** Labels to take, comma-separated; "" stands for none. */
  labels: choice,
  /** Splits to take, comma-separated; "" stands for none. */
  splits: choice,
  /** A file of sample keys or ids, one a line. */
  keys: z.string().optional(),
  /** How often an epoch shows each sample: one number for all caches, or one a cache. */
  repeat,
});
export type DataOptions = z.infer<typeof dataOptions>;

/** One of the caches that a run learns from. */
export interface CacheChoice {
  readonly path: string;
  /** Share of the places relative to the other caches'; given for all or for none. */
  readonly weight?: number | undefined;
}

/** "FOLDER" or "FOLDER:WEIGHT". */
export function parseCacheChoice(text: string): CacheChoice {
  const found = /^(.+):(\d+(?:\.\d+)?)$/.exec(text);
  return found === null ? { path: text } : { path: found[1] ?? '', weight: Number(found[2]) };
}

/** What decides which samples a run sees, in its `run.json`. */
export const dataDescription = z.strictObject({
  caches: z.array(
    z.strictObject({
      path: z.string(),
      fingerprint: z.string(),
      samples: z.number().int(),
      selected: z.number().int(),
      weight: z.number().optional(),
      repeat: z.number().int().optional(),
      /** The options that its clips were made with; runs of earlier versions do not say. */
      configuration: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  labels: z.array(z.string().nullable()).optional(),
  splits: z.array(z.string().nullable()).optional(),
  /** The file, and SHA-256 of its lines. */
  keys: z.strictObject({ path: z.string(), digest: z.string() }).optional(),
});
export type DataDescription = z.infer<typeof dataDescription>;

export interface TrainingData extends AsyncDisposable {
  readonly sources: readonly [LoaderSource, ...LoaderSource[]];
  readonly description: DataDescription;
  /** Chosen samples that are left out since they have no label, where labels are wanted. */
  readonly unlabelled: number;
}

async function readKeys(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`--keys: ${path} cannot be read: ${(cause as Error).message}`, { cause });
  });
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '');
}

function repeats({ repeat = [] }: DataOptions, caches: number): (number | undefined)[] {
  if (repeat.length > 1 && repeat.length !== caches)
    throw new Error(
      `--repeat has ${repeat.length} numbers for ${caches} caches; give one for all, or one a cache`,
    );
  return Array.from({ length: caches }, (_, i) => repeat[i] ?? repeat[0]);
}

const absent = <T>(value: T | undefined, name: string) =>
  value === undefined ? {} : { [name]: value };

function sourceOf(
  choice: CacheChoice,
  reader: CacheReader,
  subset: Subset,
  repeat: number | undefined,
  kind: 'all' | 'labelled',
): { readonly source: LoaderSource; readonly unlabelled: number } {
  const whole = Object.keys(subset).length === 0 && kind === 'all';
  const chosen = whole ? undefined : selectSamples(reader, subset);
  const indices = kind === 'all' ? chosen : chosen?.filter((index) => reader.entry(index).label !== null); // prettier-ignore
  if (reader.size === 0)
    throw new Error(`${choice.path} holds no samples; run avme preprocess first`);
  if (chosen?.length === 0)
    throw new Error(
      `${choice.path} has no sample of what was chosen by --labels, --splits and --keys; avme inspect shows what it has`,
    );
  if (indices?.length === 0)
    throw new Error(
      `${choice.path}: none of the chosen samples has a label; preprocess a list or folders that say which`,
    );
  const unlabelled = (chosen?.length ?? 0) - (indices?.length ?? 0);
  return { source: { reader, indices, repeat, weight: choice.weight }, unlabelled };
}

/**
 * Opens the caches that a run learns from, and chooses their samples.
 * @param kind `labelled`: those without a label are left out
 * @throws Error when a cache cannot be read, or nothing of it is chosen
 */
export async function openTrainingData(
  cache: string | readonly CacheChoice[],
  options: DataOptions,
  kind: 'all' | 'labelled' = 'all',
): Promise<TrainingData> {
  const caches = typeof cache === 'string' ? [{ path: cache }] : cache;
  const { labels, splits } = options;
  const keys = options.keys === undefined ? undefined : await readKeys(options.keys);
  const subset: Subset = { ...absent(labels, 'labels'), ...absent(splits, 'splits'), ...absent(keys, 'keys') }; // prettier-ignore
  const times = repeats(options, caches.length);
  const readers: CacheReader[] = [];
  const close = async () => {
    await Promise.all(readers.map((reader) => reader.close()));
  };
  try {
    const sources: LoaderSource[] = [];
    let unlabelled = 0;
    for (const [i, choice] of caches.entries()) {
      const reader = await openCache(choice.path);
      readers.push(reader);
      const chosen = sourceOf(choice, reader, subset, times[i], kind);
      sources.push(chosen.source);
      unlabelled += chosen.unlabelled;
    }
    const [first, ...others] = sources;
    if (first === undefined) throw new Error('give at least one cache to learn from');
    const digest = () =>
      createHash('sha256')
        .update((keys ?? []).join('\n'))
        .digest('hex');
    const description = {
      caches: sources.map(({ reader, indices, weight, repeat }, i) => ({
        path: resolve(caches[i]?.path ?? ''),
        fingerprint: reader.manifest.fingerprint,
        samples: reader.size,
        selected: indices?.length ?? reader.size,
        ...absent(weight, 'weight'),
        ...absent(repeat, 'repeat'),
      })),
      ...absent(labels, 'labels'),
      ...absent(splits, 'splits'),
      ...(options.keys === undefined ? {} : { keys: { path: resolve(options.keys), digest: digest() } }), // prettier-ignore
    };
    return { sources: [first, ...others], description, unlabelled, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How many samples two choices have in common. */
export function commonSamples(
  one: readonly LoaderSource[],
  other: readonly LoaderSource[],
): number {
  const keysOf = (sources: readonly LoaderSource[]) =>
    sources.flatMap(({ reader, indices = Array.from({ length: reader.size }, (_, i) => i) }) =>
      indices.map((index) => reader.entry(index).key),
    );
  const keys = new Set(keysOf(one));
  return keysOf(other).filter((key) => keys.has(key)).length;
}

/** What differs, one line a part; where the files lie does not matter. */
export function compareData(run: DataDescription, asked: DataDescription): string[] {
  const lines: string[] = [];
  const caches = Math.max(run.caches.length, asked.caches.length);
  const show = (data: DataDescription, i: number) => {
    const cache = data.caches[i];
    if (cache === undefined) return 'none';
    const { fingerprint, samples, selected, weight, repeat } = cache;
    return (
      `${selected === samples ? '' : `${selected} of `}${samples} samples of ${fingerprint.slice(0, 12)}` +
      `${weight === undefined ? '' : `, weight ${weight}`}${(repeat ?? 1) === 1 ? '' : `, ${repeat ?? 1} times`}`
    );
  };
  for (let i = 0; i < caches; i++)
    if (
      show(run, i) !== show(asked, i) ||
      run.caches[i]?.fingerprint !== asked.caches[i]?.fingerprint
    )
      lines.push(
        `${caches === 1 ? 'cache' : `cache ${i + 1}`}: run was trained on ${show(run, i)}, asked for ${show(asked, i)}`,
      );
  const parts = { labels: (d: DataDescription) => d.labels, splits: (d: DataDescription) => d.splits, keys: (d: DataDescription) => d.keys?.digest.slice(0, 12) }; // prettier-ignore
  for (const [name, of] of Object.entries(parts)) {
    const [has, wants] = [run, asked].map((data) => JSON.stringify(of(data)));
    if (has !== wants) lines.push(`${name}: run has ${has ?? 'all'}, asked for ${wants ?? 'all'}`);
  }
  return lines;
}
