import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { checksum } from '../codec/checksum.js';
import { syncFolder } from '../folder/atomic-file.js';
import type { Manifest } from '../manifest/manifest.js';
import { readIndex } from '../shard/shard-index.js';
import { hashOf, keyTable } from './key-table.js';
import { mergeRuns, RunFile } from './runs.js';
import {
  CATALOGUE_FILE,
  encodeEnd,
  encodePage,
  KEY_BYTES,
  PAGE_KEYS,
  PAGE_ROWS,
  shardsDigest,
  type CatalogueRow,
} from './format.js';

/** Caches with fewer samples are opened by their indices in a moment. */
const LEAST_SAMPLES = 50_000;
/** Rows that are sorted in memory at once. */
const RUN_ROWS = 200_000;
/** Bytes that are collected for one write. */
const CHUNK = 2 ** 22;

/** All samples of the shards, some at a time; each time the event loop gets its turn. */
async function* rowsOf(folder: string, { shards }: Manifest): AsyncGenerator<CatalogueRow[]> {
  for (const [shard, { file, index, dropped }] of shards.entries()) {
    if (index === null) continue;
    const gone = new Set(dropped);
    const rows = readIndex(join(folder, file), index).filter(({ key }) => !gone.has(key));
    yield rows.map((row) => ({ ...row, shard }));
    await setImmediate();
  }
}

/** Sorts by way of files, for all rows together may be more than fits in memory. */
async function sortedRuns(folder: string, manifest: Manifest, runRows: number): Promise<RunFile[]> {
  const runs: RunFile[] = [];
  let rows: CatalogueRow[] = [];
  const end = () => {
    runs.push(RunFile.write(join(folder, `${CATALOGUE_FILE}.run-${runs.length}.tmp`), rows));
    rows = [];
  };
  try {
    for await (const some of rowsOf(folder, manifest)) {
      for (const row of some) rows.push(row);
      if (rows.length >= runRows) end();
    }
    if (rows.length > 0) end();
    return runs;
  } catch (error) {
    for (const run of runs) run.remove();
    throw error;
  }
}

/** Writes one after the other, in chunks. */
class Appender {
  at = 0;
  private chunk: Buffer[] = [];
  private pending = 0;

  constructor(private readonly file: FileHandle) {}

  async append(bytes: Buffer): Promise<void> {
    this.chunk.push(bytes);
    this.at += bytes.length;
    this.pending += bytes.length;
    if (this.pending >= CHUNK) await this.flush();
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.chunk);
    [this.chunk, this.pending] = [[], 0];
    await this.file.writeFile(bytes);
  }
}

async function writePages(out: Appender, manifest: Manifest, runs: readonly RunFile[]) {
  const directory: bigint[] = [];
  const hashes = new BigUint64Array(manifest.samples);
  let samples = 0;
  let page: CatalogueRow[] = [];
  const endPage = async () => {
    const bytes = encodePage(page);
    directory.push(BigInt(out.at), checksum(bytes));
    page = [];
    await out.append(bytes);
  };
  for (const row of mergeRuns(runs)) {
    hashes[samples++] = hashOf(row.key);
    page.push(row);
    if (page.length === PAGE_ROWS) await endPage();
  }
  if (page.length > 0) await endPage();
  const keysAt = out.at;
  const table = keyTable(hashes);
  for (let from = 0; from < samples; from += PAGE_KEYS) {
    const some = table.hashes.subarray(from, from + PAGE_KEYS);
    const bytes = Buffer.alloc(KEY_BYTES * some.length);
    some.forEach((hash, i) => {
      bytes.writeBigUInt64LE(hash, 8 * i);
      bytes.writeUInt32LE(table.indices[from + i] ?? 0, 8 * some.length + 4 * i);
    });
    directory.push(some[0] ?? 0n, checksum(bytes));
    await out.append(bytes);
  }
  const tail = { cache: shardsDigest(manifest), samples, keysAt, directoryAt: out.at };
  await out.append(encodeEnd(BigUint64Array.from(directory), tail));
  await out.flush();
}

/**
 * Writes the catalogue of a sealed cache that this process has locked; one that is there is replaced
 * in one step. A cache of few samples has none. It holds nothing that is not in the shards' indices:
 * it may be deleted at any time, and one of another state of the cache is not used.
 * @param manifest as it is written @param leastSamples below which there is none
 * @throws CacheError when an index cannot be read
 */
export async function writeCatalogue(
  folder: string,
  manifest: Manifest,
  { leastSamples = LEAST_SAMPLES, runRows = RUN_ROWS } = {},
): Promise<void> {
  const path = join(folder, CATALOGUE_FILE);
  if (manifest.samples < leastSamples || !manifest.sealed) {
    await rm(path, { force: true });
    return;
  }
  const runs = await sortedRuns(folder, manifest, runRows);
  try {
    const file = await open(`${path}.tmp`, 'w');
    try {
      await writePages(new Appender(file), manifest, runs);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
    await syncFolder(folder);
  } finally {
    for (const run of runs) run.remove();
  }
}
