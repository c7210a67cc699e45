import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CacheError, RESTORE } from './manifest.js';

/*
 * LMDB trusts the page numbers and offsets that it finds in its file: one wrong bit there ends the
 * process, or yields another record. The pages that hold them are few, so a sealed shard's manifest
 * entry has a digest of them, which is compared before LMDB sees the file. The layout (LMDB data
 * version 2, 64 bit, little-endian) is in docs/cache-format.md.
 */
const HEADER = 24;
const MAGIC = 0xbeefc0de;
const BRANCH = 0x01;
const LEAF = 0x02;
const BIGDATA = 0x01;
const SUBDATA = 0x02;
const NODE = 8;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

class Pages {
  readonly seen = new Map<number, Buffer>();

  constructor(
    private readonly file: number,
    readonly pageSize: number,
    private readonly count: number,
  ) {}

  mustHave(number: number): void {
    if (number >= this.count) throw new RangeError(`it ends before page ${number}`);
  }

  /** @throws RangeError when there is no such page, or it was read before: then it is no tree */
  read(number: number): Buffer {
    this.mustHave(number);
    if (this.seen.has(number)) throw new RangeError(`page ${number} is reached twice`);
    const page = Buffer.alloc(this.pageSize);
    readSync(this.file, page, 0, this.pageSize, number * this.pageSize);
    this.seen.set(number, page);
    return page;
  }
}

function walkRoot(pages: Pages, root: bigint): void {
  if (root !== NO_PAGE) walk(pages, Number(root));
}

/** Reads the tree below a page, and those of the databases that it names. */
function walk(pages: Pages, number: number): void {
  const page = pages.read(number);
  const flags = page.readUInt16LE(18);
  const nodes = page.readUInt16LE(20) >> 1;
  for (let i = 0; i < nodes; i++) {
    const at = HEADER + page.readUInt16LE(HEADER + 2 * i);
    const nodeFlags = page.readUInt16LE(at + 4);
    if (flags & BRANCH) walk(pages, page.readUInt32LE(at) + nodeFlags * 2 ** 32);
    else if (flags & LEAF) {
      const data = at + NODE + page.readUInt16LE(at + 6);
      if (nodeFlags & SUBDATA) walkRoot(pages, page.readBigUInt64LE(data + 40));
      else if (nodeFlags & BIGDATA) {
        const end = HEADER + page.readUInt32LE(at);
        const needed = Math.ceil(end / pages.pageSize);
        pages.mustHave(Number(page.readBigUInt64LE(data)) + needed - 1);
      }
    } else throw new RangeError(`page ${number} is not part of a tree`);
  }
}

/** Meta pages 0 and 1 and all branch and leaf pages of the newer one's main tree, in page order. */
function structurePages(file: number): Buffer[] {
  const { size } = fstatSync(file);
  const head = Buffer.alloc(HEADER + 160);
  readSync(file, head, 0, head.length, 0);
  const pageSize = head.readUInt32LE(HEADER + 24);
  if (head.readUInt32LE(HEADER) !== MAGIC || pageSize < 512 || pageSize > 65536)
    throw new RangeError('it is not an LMDB file');
  const pages = new Pages(file, pageSize, Math.floor(size / pageSize));
  const metas = [pages.read(0), pages.read(1)];
  const newest = metas.reduce((a, b) =>
    a.readBigUInt64LE(HEADER + 128) < b.readBigUInt64LE(HEADER + 128) ? b : a,
  );
  const root = newest.readBigUInt64LE(HEADER + 112);
  walkRoot(pages, root);
  return [...pages.seen].sort(([a], [b]) => a - b).map(([, page]) => page);
}

/**
 * SHA-256, hex, of the pages of a shard that say where its records are.
 * @throws CacheError when they do not form trees, or point beyond the end of the file
 */
export function structureDigest(path: string): string {
  const file = openSync(path, 'r');
  try {
    const hash = createHash('sha256');
    for (const page of structurePages(file)) hash.update(page);
    return hash.digest('hex');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CacheError(`${path} is damaged: ${error.message}; ${RESTORE}`, { cause: error });
  } finally {
    closeSync(file);
  }
}
