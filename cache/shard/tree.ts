import { closeSync, fstatSync, readSync } from 'node:fs';
import { CacheError, SALVAGE } from '../manifest/manifest.js';
import { openFiles } from '../open-files.js';

/*
 * Where LMDB has put what a shard holds, without LMDB: it trusts the page numbers and offsets of its
 * file, so that one wrong bit there ends the process. Here a wrong one is an error, or leads to bytes
 * whose checksum does not match. The layout (LMDB data version 2, 64 bit, little-endian) is in
 * docs/reference/cache-format.md.
 */
const HEADER = 24;
const MAGIC = 0xbeefc0de;
const BRANCH = 0x01;
const LEAF = 0x02;
const BIGDATA = 0x01;
const SUBDATA = 0x02;
const NODE = 8;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

/** Bytes of a file. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Where the values of a shard's databases lie in its file, by key. */
export interface ShardTrees {
  readonly cache: ReadonlyMap<string, Span>;
  readonly headers: ReadonlyMap<string, Span>;
  readonly samples: ReadonlyMap<string, Span>;
}

class Pages {
  private readonly seen = new Set<number>();

  constructor(
    private readonly file: number,
    private readonly pageSize: number,
    private readonly bytes: number,
  ) {}

  /** @throws RangeError when there is no such page, or it was read before: then it is no tree */
  read(number: number): Buffer {
    this.mustHave(number * this.pageSize, this.pageSize);
    if (this.seen.has(number)) throw new RangeError(`page ${number} is reached twice`);
    this.seen.add(number);
    const page = Buffer.alloc(this.pageSize);
    readSync(this.file, page, 0, this.pageSize, number * this.pageSize);
    return page;
  }

  /** @returns where the value of a node lies whose content begins `data` bytes into a page */
  valueAt(number: number, page: Buffer, at: number, data: number): Span {
    const length = page.readUInt32LE(at);
    if ((page.readUInt16LE(at + 4) & BIGDATA) === 0) {
      if (data + length > this.pageSize) throw new RangeError(`page ${number} has a wrong length`);
      return { offset: number * this.pageSize + data, length };
    }
    const offset = Number(page.readBigUInt64LE(data)) * this.pageSize + HEADER;
    this.mustHave(offset, length);
    return { offset, length };
  }

  private mustHave(offset: number, length: number): void {
    if (offset + length > this.bytes)
      throw new RangeError(`it ends before page ${Math.floor((offset + length) / this.pageSize)}`);
  }
}

type Visit = (key: string, flags: number, value: Span, page: Buffer, data: number) => void;

/** Visits the leaf nodes of the tree below a page. */
function walk(pages: Pages, root: bigint, visit: Visit): void {
  if (root === NO_PAGE) return;
  const number = Number(root);
  const page = pages.read(number);
  const flags = page.readUInt16LE(18);
  const nodes = page.readUInt16LE(20) >> 1;
  if ((flags & (BRANCH | LEAF)) === 0) throw new RangeError(`page ${number} is not part of a tree`);
  for (let i = 0; i < nodes; i++) {
    const at = HEADER + page.readUInt16LE(HEADER + 2 * i);
    const nodeFlags = page.readUInt16LE(at + 4);
    if (flags & BRANCH) {
      walk(pages, BigInt(page.readUInt32LE(at) + nodeFlags * 2 ** 32), visit);
      continue;
    }
    const data = at + NODE + page.readUInt16LE(at + 6);
    const key = page.toString('latin1', at + NODE, data);
    visit(key, nodeFlags, pages.valueAt(number, page, at, data), page, data);
  }
}

function treesOf(file: number): ShardTrees {
  const { size } = fstatSync(file);
  const head = Buffer.alloc(HEADER + 160);
  readSync(file, head, 0, head.length, 0);
  const pageSize = head.readUInt32LE(HEADER + 24);
  if (head.readUInt32LE(HEADER) !== MAGIC || pageSize < 512 || pageSize > 65536)
    throw new RangeError('it is not an LMDB file');
  const pages = new Pages(file, pageSize, size);
  // Two meta pages; the one of the later transaction is in force.
  const meta = [pages.read(0), pages.read(1)].reduce((a, b) =>
    a.readBigUInt64LE(HEADER + 128) < b.readBigUInt64LE(HEADER + 128) ? b : a,
  );
  const trees = { cache: new Map(), headers: new Map(), samples: new Map() } as const;
  walk(pages, meta.readBigUInt64LE(HEADER + 112), (name, flags, _value, page, data) => {
    const tree = Object.entries(trees).find(([known]) => name === `${known}\0`)?.[1];
    if ((flags & SUBDATA) === 0 || tree === undefined)
      throw new RangeError('it holds other databases than a shard does');
    walk(pages, page.readBigUInt64LE(data + 40), (key, _flags, value) => tree.set(key, value));
    // A wrong number of nodes on a page would hide some.
    if (BigInt(tree.size) !== page.readBigUInt64LE(data + 32))
      throw new RangeError(`its database ${name.slice(0, -1)} has lost entries`);
  });
  return trees;
}

/**
 * Finds what is committed in a shard that nobody writes.
 * @throws UnavailableError when it may be good; CacheError when its pages do not form trees, or point beyond the end of the file
 */
export function readTrees(path: string): ShardTrees {
  const file = openFiles.take(path);
  try {
    return treesOf(file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CacheError(`${path} is damaged: ${error.message}; ${SALVAGE}`, { cause: error });
  } finally {
    closeSync(file);
  }
}
