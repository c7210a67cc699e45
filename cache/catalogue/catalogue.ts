import { statSync } from 'node:fs';
import { join } from 'node:path';
import { checksum } from '../codec/checksum.js';
import { CorruptRecordError } from '../codec/codec.js';
import { CacheError, type Manifest } from '../manifest/manifest.js';
import { codecOf } from '../manifest/schema.js';
import type { SampleList, SamplePlace } from '../sample-list.js';
import { ShardFile } from '../shard/file.js';
import { checkBytes, openSpans } from '../shard/open.js';
import { SpanReader } from '../span-reader.js';
import { hashOf, lowerBound, samplesWith, type KeyTable } from './key-table.js';
import {
  CATALOGUE_FILE,
  decodeDirectory,
  decodePage,
  decodeTail,
  KEY_BYTES,
  PAGE_KEYS,
  PAGE_ROWS,
  shardsDigest,
  TAIL_BYTES,
  type CatalogueRow,
  type CatalogueTail,
} from './format.js';

/** Pages of rows in memory. */
const PAGES = 512;

/** The samples of a large cache: their entries are read page by page, shards are opened by need. */
export class CatalogueSamples implements SampleList {
  private readonly pages = new Map<number, readonly CatalogueRow[]>();
  private readonly spans = new Map<number, SpanReader>();
  private readonly firstHashes: BigUint64Array;
  private readonly rowPages: number;

  constructor(
    private readonly folder: string,
    private readonly manifest: Manifest,
    private readonly file: SpanReader,
    private readonly directory: BigUint64Array,
    private readonly tail: CatalogueTail,
  ) {
    this.rowPages = Math.ceil(tail.samples / PAGE_ROWS);
    const keys = directory.subarray(2 * this.rowPages);
    this.firstHashes = BigUint64Array.from({ length: keys.length / 2 }, (_, i) => keys[2 * i] ?? 0n); // prettier-ignore
  }

  get size(): number {
    return this.tail.samples;
  }

  place(index: number): SamplePlace {
    const entry = this.page(Math.floor(index / PAGE_ROWS))[index % PAGE_ROWS];
    const file = this.manifest.shards[entry?.shard ?? -1]?.file;
    if (entry === undefined || file === undefined)
      throw new RangeError(`cache: there is no sample ${index}`);
    const { shape, schema } = this.manifest;
    const shard = new ShardFile(this.span(entry.shard, file), [entry], shape, codecOf(schema));
    return { entry, shard, row: 0, file, number: entry.shard };
  }

  find(key: string): number | undefined {
    const hash = hashOf(key);
    // Equal hashes may begin on the page before the first that begins with them.
    let page = Math.max(0, lowerBound(this.firstHashes, hash) - 1);
    for (; page < this.firstHashes.length && (this.firstHashes[page] ?? 0n) <= hash; page++)
      for (const index of samplesWith(this.keys(page), hash))
        if (this.place(index).entry.key === key) return index;
    return undefined;
  }

  close(): Promise<void> {
    for (const span of [this.file, ...this.spans.values()]) span.close();
    return Promise.resolve();
  }

  private span(shard: number, file: string): SpanReader {
    let span = this.spans.get(shard);
    if (span === undefined) this.spans.set(shard, (span = openSpans(join(this.folder, file))));
    return span;
  }

  private page(page: number): readonly CatalogueRow[] {
    const known = this.pages.get(page);
    if (known !== undefined) return known;
    const { directory, rowPages } = this;
    const end = page + 1 < rowPages ? Number(directory[2 * page + 2]) : this.tail.keysAt;
    const rows = decodePage(this.checked(Number(directory[2 * page] ?? 0n), end, page));
    const [oldest] = this.pages.keys();
    if (this.pages.size >= PAGES && oldest !== undefined) this.pages.delete(oldest);
    this.pages.set(page, rows);
    return rows;
  }

  private keys(page: number): KeyTable {
    const { keysAt, samples } = this.tail;
    const [from, to] = [page * PAGE_KEYS, Math.min(samples, (page + 1) * PAGE_KEYS)];
    const bytes = this.checked(keysAt + KEY_BYTES * from, keysAt + KEY_BYTES * to, this.rowPages + page); // prettier-ignore
    const memory = Uint8Array.from(bytes).buffer;
    const count = to - from;
    return {
      hashes: new BigUint64Array(memory, 0, count),
      indices: new Uint32Array(memory, 8 * count, count),
    };
  }

  /** @returns valid until the next call @throws CacheError when they are not what was written */
  private checked(from: number, to: number, entry: number): Buffer {
    try {
      const bytes = this.file.read(from, to - from, false);
      if (checksum(bytes) === this.directory[2 * entry + 1]) return bytes;
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
    }
    throw new CacheError(
      `${this.file.path} is damaged; delete it and run again: all that it says is in the shards' indices, too`,
    );
  }
}

function openFile(path: string): SpanReader | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
    ? new SpanReader(path)
    : undefined;
}

/**
 * Opens the catalogue of a sealed cache.
 * @returns undefined when there is none, or it is not that of the cache as it is now
 * @throws CacheError when a shard is missing or has not the size in the manifest
 */
export function openCatalogue(folder: string, manifest: Manifest): CatalogueSamples | undefined {
  const file = openFile(join(folder, CATALOGUE_FILE));
  if (file === undefined) return undefined;
  const found = readEnd(file, manifest);
  if (found === undefined) {
    file.close();
    return undefined;
  }
  try {
    for (const entry of manifest.shards) checkBytes(join(folder, entry.file), entry);
  } catch (error) {
    file.close();
    throw error;
  }
  return new CatalogueSamples(folder, manifest, file, found.directory, found.tail);
}

function readEnd(file: SpanReader, manifest: Manifest) {
  const { bytes } = file;
  if (bytes < TAIL_BYTES) return undefined;
  const tail = decodeTail(file.read(bytes - TAIL_BYTES, TAIL_BYTES, false));
  if (tail === undefined || tail.samples !== manifest.samples) return undefined;
  if (tail.cache !== shardsDigest(manifest) || tail.directoryAt > bytes) return undefined;
  const directory = decodeDirectory(file.read(tail.directoryAt, bytes - tail.directoryAt, false));
  const pages = Math.ceil(tail.samples / PAGE_ROWS) + Math.ceil(tail.samples / PAGE_KEYS);
  return directory?.length === 2 * pages ? { tail, directory } : undefined;
}
