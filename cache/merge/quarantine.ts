import { readQuarantine, writeQuarantine, type QuarantineRecord } from '../quarantine.js';

/** What one side knows of the videos: the joined cache itself, or its parts. */
export interface QuarantineSide {
  readonly records: readonly QuarantineRecord[];
  /** Ids of the videos of which it has samples. */
  readonly made: ReadonlySet<string>;
}

/**
 * What is in quarantine in a joined cache. A video that one side gave up and the other did not is in
 * quarantine no longer where the other side has samples of it; of two records the newer one stays.
 */
export function joinQuarantines(own: QuarantineSide, parts: QuarantineSide): QuarantineRecord[] {
  const joined = new Map<string, QuarantineRecord>();
  const known = new Set(own.records.map(({ id }) => id));
  const inParts = new Set(parts.records.map(({ id }) => id));
  for (const record of [...own.records, ...parts.records]) {
    const { id, time } = record;
    const before = joined.get(id);
    const released =
      (!known.has(id) && own.made.has(id)) || (!inParts.has(id) && parts.made.has(id));
    if (released || (before !== undefined && before.time > time)) continue;
    joined.delete(id);
    joined.set(id, record);
  }
  return [...joined.values()];
}

/** What is in quarantine in a cache, and in its parts, before they are joined. */
export interface KnownQuarantines {
  readonly own: readonly QuarantineRecord[];
  readonly parts: readonly QuarantineRecord[];
}

export async function readQuarantines(
  folder: string,
  partFolders: readonly string[],
): Promise<KnownQuarantines> {
  const own = await readQuarantine(folder);
  // One after the other: thousands of files at once would be more than a process may open.
  const parts: QuarantineRecord[] = [];
  for (const part of partFolders) parts.push(...(await readQuarantine(part)));
  return { own, parts };
}

/**
 * Joins the quarantines of the parts into that of the cache.
 * @param made ids, of those in quarantine, of which there are samples
 * @returns how many entries it has
 */
export async function mergeQuarantines(
  folder: string,
  { own, parts }: KnownQuarantines,
  made: { readonly own: ReadonlySet<string>; readonly parts: ReadonlySet<string> },
): Promise<number> {
  const joined = joinQuarantines(
    { records: own, made: made.own },
    { records: parts, made: made.parts },
  );
  if (joined.length > 0 || own.length > 0) await writeQuarantine(folder, joined);
  return joined.length;
}
