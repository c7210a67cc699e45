import { checksum } from '../codec/checksum.js';
import type { Manifest } from '../manifest/manifest.js';
import { rowsOf, type IndexRow } from '../shard/shard-index.js';

/** All samples of a sealed cache in their order: a large cache is opened by it, without its indices. */
export const CATALOGUE_FILE = 'catalogue.bin';

/** A sample, and the number of its shard in the manifest. */
export interface CatalogueRow extends IndexRow {
  readonly shard: number;
}

/** Few, for samples are read in any order, each for itself. */
export const PAGE_ROWS = 64;
/** Entries of the table of keys a page, each a hash of 8 bytes and an index of 4. */
export const PAGE_KEYS = 4096;
export const KEY_BYTES = 12;

const COLUMNS = [
  ...['key', 'id', 'clip', 'label', 'split', 'shard'],
  ...['recordAt', 'recordBytes', 'headerAt', 'headerBytes'],
] as readonly (keyof CatalogueRow)[];

/** UTF-8 JSON: one array a column, by name. */
export function encodePage(rows: readonly CatalogueRow[]): Buffer {
  const columns = COLUMNS.map((name) => [name, rows.map((row) => row[name])] as const);
  return Buffer.from(JSON.stringify(Object.fromEntries(columns)));
}

type Columns = { readonly [Name in keyof CatalogueRow]: readonly CatalogueRow[Name][] };

export function decodePage(bytes: Buffer): CatalogueRow[] {
  const columns = JSON.parse(bytes.toString('utf8')) as Columns;
  return rowsOf(columns).map((row, i) => ({ ...row, shard: columns.shard[i] ?? 0 }));
}

/**
 * What the end of the file says, little-endian unsigned integers of 64 bits. Before it lies the
 * directory: for each page of rows its offset and XXH64, then for each page of keys its first hash and
 * XXH64.
 */
export interface CatalogueTail {
  /** Of the shards in the manifest that it was made for. */
  readonly cache: bigint;
  readonly samples: number;
  /** Where the pages of keys begin; those of rows begin at 0. */
  readonly keysAt: number;
  readonly directoryAt: number;
}

/** "AVMECAT1" */
const MAGIC = 0x31544143454d5641n;
export const TAIL_BYTES = 48;

/** XXH64 of what of a manifest decides which samples there are, and in which files. */
export function shardsDigest({ shards }: Pick<Manifest, 'shards'>): bigint {
  const parts = shards.map(({ file, samples, index, dropped }) => [file, samples, index, dropped]);
  return checksum(Buffer.from(JSON.stringify(parts)));
}

const bytesOf = (numbers: BigUint64Array) =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);

/** Directory and tail as they end the file. */
export function encodeEnd(directory: BigUint64Array, tail: CatalogueTail): Buffer {
  const { cache, samples, keysAt, directoryAt } = tail;
  const fields = [MAGIC, cache, BigInt(samples), BigInt(keysAt), BigInt(directoryAt)];
  const body = Buffer.concat([bytesOf(directory), bytesOf(BigUint64Array.from(fields))]);
  return Buffer.concat([body, bytesOf(BigUint64Array.of(checksum(body)))]);
}

/** @returns undefined when it is not the tail of a catalogue; its checksum is not looked at yet */
export function decodeTail(bytes: Buffer): CatalogueTail | undefined {
  const number = (field: number) => Number(bytes.readBigUInt64LE(8 * field));
  if (bytes.readBigUInt64LE(0) !== MAGIC) return undefined;
  return {
    cache: bytes.readBigUInt64LE(8),
    samples: number(2),
    keysAt: number(3),
    directoryAt: number(4),
  };
}

/** @param end directory and tail @returns undefined when the checksum does not match */
export function decodeDirectory(end: Buffer): BigUint64Array | undefined {
  const body = end.subarray(0, end.length - 8);
  if (end.length < TAIL_BYTES || checksum(body) !== end.readBigUInt64LE(body.length)) return undefined; // prettier-ignore
  // A copy: typed arrays begin at multiples of their element's size.
  return new BigUint64Array(Uint8Array.from(end.subarray(0, end.length - TAIL_BYTES)).buffer);
}
