import { CorruptRecordError } from './codec.js';
import { CacheError, RESTORE, type CacheIdentity, type ShardEntry } from './manifest.js';
import { codecOf, type Codec } from './schema.js';
import { ShardFile, SpanReader } from './shard-file.js';
import { byEntry, readIndex, type IndexRow } from './shard-index.js';
import { readTrees } from './shard-tree.js';

/** @throws CacheError when the shard was made for another cache than `identity` */
function checkFingerprint(path: string, found: string, identity: CacheIdentity): void {
  if (found !== identity.fingerprint)
    throw new CacheError(
      `${path} belongs to another cache (fingerprint ${found.slice(0, 12)}, this one has ${identity.fingerprint.slice(0, 12)}); move it away`,
    );
}

/**
 * Finds the samples of a shard that has no index, by its trees and headers.
 * @throws CacheError when it is damaged, or belongs to another cache
 */
export function indexShard(
  path: string,
  file: SpanReader,
  identity: CacheIdentity,
  codec: Codec = codecOf(identity.schema),
): IndexRow[] {
  // A run was killed while it made the file.
  if (file.bytes === 0) return [];
  const { cache, headers, samples } = readTrees(path);
  try {
    const own = cache.get('identity');
    if (own !== undefined)
      checkFingerprint(path, codec.fingerprint(file.read(own.offset, own.length, false)), identity);
    if (headers.size !== samples.size)
      throw new CorruptRecordError(`it has ${headers.size} headers for ${samples.size} records`);
    const rows = [...headers].map(([key, { offset: headerAt, length: headerBytes }]) => {
      const record = samples.get(key);
      if (record === undefined) throw new CorruptRecordError(`it has no record for ${key}`);
      const bytes = file.read(headerAt, headerBytes, false);
      const { id, clip, label, split } = codec.header(bytes, identity.shape, key).header;
      const place = { recordAt: record.offset, recordBytes: record.length, headerAt, headerBytes };
      return { key, id, clip, label, split, ...place };
    });
    return rows.sort(byEntry);
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error;
    throw new CacheError(`${path} is damaged: ${error.message}; ${RESTORE}`, { cause: error });
  }
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
        `${path} is damaged, or belongs to another cache: ${(error as Error).message}; ${RESTORE}`,
        { cause: error },
      );
    }
  }
}

/**
 * Opens a shard that nobody writes. One of which nothing was committed has no samples.
 * @throws CacheError when it is missing, damaged, or belongs to another cache
 */
export function openShardFile(path: string, entry: ShardEntry, identity: CacheIdentity): ShardFile {
  const codec = codecOf(identity.schema);
  let file: SpanReader;
  try {
    file = new SpanReader(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CacheError(
      missing
        ? `${path} is missing, but the manifest lists it; ${RESTORE}`
        : `${path} cannot be opened: ${(error as Error).message}; ${RESTORE}`,
      { cause: error },
    );
  }
  try {
    if (entry.sealed && file.bytes !== entry.bytes)
      throw new CacheError(
        `${path} has ${file.bytes} bytes, the manifest says ${entry.bytes}; ${RESTORE}`,
      );
    const rows =
      entry.index === null ? indexShard(path, file, identity, codec) : readIndex(path, entry.index);
    const dropped = new Set(entry.dropped);
    const kept = dropped.size === 0 ? rows : rows.filter(({ key }) => !dropped.has(key));
    if (entry.sealed && kept.length !== entry.samples)
      throw new CacheError(
        `${path} holds ${kept.length} samples, the manifest says ${entry.samples}; ${RESTORE}`,
      );
    const shard = new ShardFile(file, kept, identity.shape, codec);
    if (entry.index !== null) probe(shard, path);
    return shard;
  } catch (error) {
    file.close();
    throw error;
  }
}
