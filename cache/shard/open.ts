import { statSync } from 'node:fs';
import { CacheError, SALVAGE, type CacheIdentity, type ShardEntry } from '../manifest/manifest.js';
import { codecOf } from '../manifest/schema.js';
import { ShardFile } from './file.js';
import { SpanReader } from '../span-reader.js';
import { unavailable } from '../open-files.js';
import { readIndex, type IndexRow } from './shard-index.js';
import { scanShard } from './scan.js';

/** The samples of a shard that has no index. @throws CacheError when any of them is damaged */
function scanWhole(path: string, file: SpanReader, identity: CacheIdentity): readonly IndexRow[] {
  const { rows, lost } = scanShard(path, file, identity);
  const [first] = lost;
  if (first !== undefined)
    throw new CacheError(`${path} is damaged: sample ${first.key}: ${first.problem}; ${SALVAGE}`);
  return rows;
}

/** The index may be right and the file another: then neither its first nor its last header fits. */
function probe(file: ShardFile, path: string): void {
  if (file.rows.length === 0) return;
  try {
    file.header(0);
  } catch {
    try {
      file.header(file.rows.length - 1);
    } catch (error) {
      throw new CacheError(
        `${path} is damaged, or belongs to another cache: ${(error as Error).message}; ${SALVAGE}`,
        { cause: error },
      );
    }
  }
}

/** @throws UnavailableError when it may be good; CacheError when there is no such file */
export function openSpans(path: string): SpanReader {
  try {
    return new SpanReader(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const elsewhere = unavailable(path, error);
    if (elsewhere !== undefined) throw elsewhere;
    throw new CacheError(
      code === 'ENOENT'
        ? `${path} is missing, but the manifest lists it; ${SALVAGE}`
        : `${path} cannot be opened: ${message}; ${SALVAGE}`,
      { cause: error },
    );
  }
}

const wrongBytes = (path: string, bytes: number, { bytes: expected }: ShardEntry) =>
  new CacheError(`${path} has ${bytes} bytes, the manifest says ${expected}; ${SALVAGE}`);

/** Looks at a sealed shard without opening it. @throws CacheError when it is missing, or has another size */
export function checkBytes(path: string, entry: ShardEntry): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  // Opening it says best why it cannot be opened.
  if (size === undefined) openSpans(path).close();
  else if (size !== entry.bytes) throw wrongBytes(path, size, entry);
}

/**
 * Opens a shard that nobody writes. One of which nothing was committed has no samples.
 * @throws CacheError when it is missing, damaged, or belongs to another cache
 */
export function openShardFile(path: string, entry: ShardEntry, identity: CacheIdentity): ShardFile {
  const codec = codecOf(identity.schema);
  const file = openSpans(path);
  try {
    if (entry.sealed && file.bytes !== entry.bytes) throw wrongBytes(path, file.bytes, entry);
    const rows =
      entry.index === null ? scanWhole(path, file, identity) : readIndex(path, entry.index);
    const dropped = new Set(entry.dropped);
    const kept = dropped.size === 0 ? rows : rows.filter(({ key }) => !dropped.has(key));
    if (entry.sealed && kept.length !== entry.samples)
      throw new CacheError(
        `${path} holds ${kept.length} samples, the manifest says ${entry.samples}; ${SALVAGE}`,
      );
    const shard = new ShardFile(file, kept, identity.shape, codec);
    if (entry.index !== null) probe(shard, path);
    return shard;
  } catch (error) {
    file.close();
    throw error;
  }
}
