import { writeAtomically } from '../folder/atomic-file.js';
import { digestOf } from '../codec/checksum.js';
import { CacheError, SALVAGE } from '../manifest/manifest.js';
import type { SampleEntry } from '../records.js';
import { SpanReader } from '../span-reader.js';
import { unavailable } from '../open-files.js';

/** One sample of a shard, and where in its file the record and the checked JSON of the header lie. */
export interface IndexRow extends SampleEntry {
  readonly recordAt: number;
  readonly recordBytes: number;
  readonly headerAt: number;
  readonly headerBytes: number;
}

const COLUMNS = [
  'key',
  'id',
  'clip',
  'label',
  'split',
  'recordAt',
  'recordBytes',
  'headerAt',
  'headerBytes',
] as const satisfies readonly (keyof IndexRow)[];

type Columns = { readonly [Name in keyof IndexRow]: readonly IndexRow[Name][] };

/** The order of samples: by id in code units, clip, key. */
export function byEntry(a: SampleEntry, b: SampleEntry): number {
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  if (a.clip !== b.clip) return a.clip - b.clip;
  return a.key < b.key ? -1 : 1;
}

/** The file beside a shard that says what is in it. */
export const indexPath = (shard: string) => shard.replace(/\.lmdb$/, '.index.json');

/** @returns the digest that the manifest keeps */
export async function writeIndex(shard: string, rows: readonly IndexRow[]): Promise<string> {
  // By columns: a tenth of a second for 100,000 samples, half of what objects take.
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, rows.map((row) => row[name])]));
  const text = JSON.stringify(columns);
  await writeAtomically(indexPath(shard), text);
  return digestOf(Buffer.from(text));
}

function readWhole(path: string): Buffer {
  try {
    const file = new SpanReader(path);
    try {
      return file.read(0, file.bytes, true);
    } finally {
      file.close();
    }
  } catch (error) {
    const elsewhere = unavailable(path, error);
    if (elsewhere !== undefined) throw elsewhere;
    throw new CacheError(`${path} cannot be read: ${(error as Error).message}; ${SALVAGE}`, {
      cause: error,
    });
  }
}

/** One literal: rows of one hidden class, ten times as fast as any loop over the names. */
export function rowsOf(columns: Columns): IndexRow[] {
  return columns.key.map((key, i) => ({
    key,
    id: columns.id[i] ?? '',
    clip: columns.clip[i] ?? 0,
    label: columns.label[i] ?? null,
    split: columns.split[i] ?? null,
    recordAt: columns.recordAt[i] ?? 0,
    recordBytes: columns.recordBytes[i] ?? 0,
    headerAt: columns.headerAt[i] ?? 0,
    headerBytes: columns.headerBytes[i] ?? 0,
  }));
}

/**
 * @throws UnavailableError when it may be good; CacheError when it is missing, or not the one that
 *   the manifest knows
 */
export function readIndex(shard: string, digest: string): IndexRow[] {
  const path = indexPath(shard);
  const bytes = readWhole(path);
  if (digestOf(bytes) !== digest)
    throw new CacheError(`${path} is damaged, or belongs to another cache; ${SALVAGE}`);
  return rowsOf(JSON.parse(bytes.toString('utf8')) as Columns);
}
