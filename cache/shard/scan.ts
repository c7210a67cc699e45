import { CorruptRecordError } from '../codec/codec.js';
import { CacheError, type CacheIdentity } from '../manifest/manifest.js';
import { codecOf } from '../manifest/schema.js';
import type { SpanReader } from '../span-reader.js';
import { byEntry, type IndexRow } from './shard-index.js';
import { readTrees } from './tree.js';

/** A sample that was committed, but whose header cannot be read. */
export interface LostSample {
  readonly key: string;
  readonly problem: string;
}

/** What a shard that has no index holds. */
export interface ScannedShard {
  /** In the order of samples. */
  readonly rows: readonly IndexRow[];
  readonly lost: readonly LostSample[];
}

/** @throws CacheError when the shard was made for another cache */
function checkIdentity(path: string, found: string, { fingerprint }: CacheIdentity): void {
  if (found !== fingerprint)
    throw new CacheError(
      `${path} belongs to another cache (fingerprint ${found.slice(0, 12)}, this one has ${fingerprint.slice(0, 12)}); move it away`,
    );
}

/**
 * Finds the samples of a shard by its trees and headers.
 * @throws CacheError when its trees are damaged, or it belongs to another cache
 */
export function scanShard(path: string, file: SpanReader, identity: CacheIdentity): ScannedShard {
  // A run was killed while it made the file.
  if (file.bytes === 0) return { rows: [], lost: [] };
  const codec = codecOf(identity.schema);
  const { cache, headers, samples } = readTrees(path);
  const own = cache.get('identity');
  const rows: IndexRow[] = [];
  const lost: LostSample[] = [];
  try {
    if (own !== undefined)
      checkIdentity(path, codec.fingerprint(file.read(own.offset, own.length, false)), identity);
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error;
    // Its samples have this cache's keys and shape, or will be found out.
  }
  for (const key of new Set([...headers.keys(), ...samples.keys()]))
    try {
      const [header, record] = [headers.get(key), samples.get(key)];
      if (header === undefined || record === undefined)
        throw new CorruptRecordError(`it has no ${header === undefined ? 'header' : 'record'}`);
      const { offset: headerAt, length: headerBytes } = header;
      const bytes = file.read(headerAt, headerBytes, false);
      const { id, clip, label, split } = codec.header(bytes, identity.shape, key).header;
      const place = { recordAt: record.offset, recordBytes: record.length, headerAt, headerBytes };
      rows.push({ key, id, clip, label, split, ...place });
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      lost.push({ key, problem: error.message });
    }
  return { rows: rows.sort(byEntry), lost };
}
