import { statSync } from 'node:fs';
import { join } from 'node:path';
import { whereWritten } from '../folder/lock.js';
import {
  CacheError,
  existingManifest,
  type CacheIdentity,
  type Manifest,
  type ShardEntry,
} from '../manifest/manifest.js';
import { UnavailableError } from '../open-files.js';
import { openSpans } from '../shard/open.js';
import { readIndex, type IndexRow } from '../shard/shard-index.js';
import { scanShard, type LostSample } from '../shard/scan.js';
import { shardEntries } from '../shard/set.js';

/** What can be said of a shard before its samples are read. */
export interface SurveyedShard {
  readonly entry: ShardEntry;
  readonly path: string;
  /** Another process is writing it: nothing is known of it. */
  readonly live: boolean;
  /** The samples that can be found, those that were dropped left out. */
  readonly rows: readonly IndexRow[];
  /** Whether `rows` are those of an index that is as the manifest knows it. */
  readonly indexed: boolean;
  /** Samples whose header cannot be read, in a shard without a good index. */
  readonly lost: readonly LostSample[];
  /** What is wrong with its files; null: nothing. */
  readonly problem: string | null;
  /** How many samples cannot be found. */
  readonly missing: number;
}

const messageOf = (error: unknown) => {
  // What cannot be opened for want of a right or of descriptors may be good: nothing may be dropped for it.
  if (!(error instanceof CacheError) || error instanceof UnavailableError) throw error;
  return error.message;
};

/** The samples of a shard by its trees, for want of an index. */
function scan(path: string, identity: CacheIdentity) {
  const file = openSpans(path);
  try {
    return scanShard(path, file, identity);
  } finally {
    file.close();
  }
}

/** @returns the rows of the index, or why they cannot be had */
function indexOf(path: string, { index }: ShardEntry): readonly IndexRow[] | string | null {
  if (index === null) return null;
  try {
    return readIndex(path, index);
  } catch (error) {
    return messageOf(error);
  }
}

function surveySealed(path: string, entry: ShardEntry, identity: CacheIdentity) {
  const index = indexOf(path, entry);
  const indexed = index !== null && typeof index !== 'string';
  const found = indexed ? { rows: index, lost: [] } : scan(path, identity);
  const dropped = new Set(entry.dropped);
  const rows = found.rows.filter(({ key }) => !dropped.has(key));
  const lost = found.lost.filter(({ key }) => !dropped.has(key));
  const missing = entry.sealed ? Math.max(0, entry.samples - rows.length - lost.length) : 0;
  const { size } = statSync(path);
  const problem =
    typeof index === 'string'
      ? index
      : entry.sealed && size !== entry.bytes
        ? `${path} has ${size} bytes, the manifest says ${entry.bytes}`
        : missing > 0
          ? `${path} holds ${rows.length} samples, the manifest says ${entry.samples}`
          : null;
  return { rows, indexed, lost, problem, missing };
}

function surveyShard(
  folder: string,
  entry: ShardEntry,
  identity: CacheIdentity,
  written: boolean,
): SurveyedShard {
  const path = join(folder, entry.file);
  const nothing = { rows: [], indexed: false, lost: [], problem: null, missing: 0 };
  const live = written && !entry.sealed;
  if (live) return { entry, path, live, ...nothing };
  try {
    // Without the file, what the index says of it is worth nothing.
    openSpans(path).close();
    return { entry, path, live, ...surveySealed(path, entry, identity) };
  } catch (error) {
    return { entry, path, live, ...nothing, problem: messageOf(error), missing: entry.samples };
  }
}

/**
 * Finds out what there is to verify; unlike opening a cache, it goes on where a shard is damaged.
 * @throws CacheError when there is no cache, or its manifest cannot be used
 */
export async function surveyCache(
  folder: string,
): Promise<{ readonly manifest: Manifest; readonly shards: readonly SurveyedShard[] }> {
  const manifest = await existingManifest(folder);
  const entries = await shardEntries(folder, manifest);
  // Asked after the list was made: who wrote what is on it either still does, or is done with it.
  const written = (await whereWritten(folder)) !== null;
  return {
    manifest,
    shards: entries.map((entry) => surveyShard(folder, entry, manifest, written)),
  };
}
