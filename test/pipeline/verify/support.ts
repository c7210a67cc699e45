import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openCache } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { readManifest } from '../../../cache/manifest/manifest.js';
import { readIndex, type IndexRow } from '../../../cache/shard/shard-index.js';
import { StatisticsFold, sumsOf } from '../../../cache/manifest/statistics.js';
import { verifyCache, type VerifyEvent } from '../../../pipeline/verify/verify.js';
import { makeSample, OPTIONS, samplesOf, SHAPE, useFolder } from '../../cache/support.js';

export const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => from + i);

export async function put(cache: string, numbers: readonly number[], seal = true): Promise<void> {
  const writer = await openCacheWriter(cache, OPTIONS);
  for (const number of numbers) await writer.put(makeSample(number));
  await (seal ? writer.seal() : writer.close());
}

export async function verify(cache: string, options = {}) {
  const events: VerifyEvent[] = [];
  const summary = await verifyCache({
    cache,
    options: { jobs: 1, ...options },
    onEvent: (event) => events.push(event),
  });
  const bad = events.flatMap((event) => (event.event === 'bad' ? [event] : []));
  const damaged = events.flatMap((event) => (event.event === 'damaged' ? [event] : []));
  const keys = bad.map(({ key }) => key).sort();
  return { ...summary, events, bads: bad, keys, files: damaged };
}

/** The cache holds these samples, bit for bit, and the statistics are theirs. */
export async function expectSamples(cache: string, numbers: readonly number[]): Promise<void> {
  const reader = await openCache(cache);
  const samples = samplesOf(reader);
  const { statistics } = reader.manifest;
  await reader.close();
  const fold = new StatisticsFold(SHAPE);
  for (const sample of numbers.map((number) => makeSample(number))) {
    assert.deepEqual(samples.get(sample.header.key), sample);
    fold.add(sample.header, sumsOf(sample, SHAPE));
  }
  assert.equal(samples.size, numbers.length);
  assert.deepEqual(statistics, fold.result());
}

export async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  await writeFile(path, bytes);
}

export const digestOf = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

/** A cache of samples 0 to 5 in one shard and 6 to 8 in another, made anew for each test. */
export function useVerifiedCache() {
  const folder = useFolder();
  const cache = () => join(folder(), 'cache');
  const shard = (number: number) => join(cache(), `shards/shard-0000${number}.lmdb`);
  const entries = async () => (await readManifest(cache()))!.shards;
  beforeEach(async () => {
    await put(cache(), range(0, 6));
    await put(cache(), range(6, 9));
  });
  /** What the index says of a sample. */
  async function rowOf(number: number): Promise<IndexRow> {
    for (const [i, entry] of (await entries()).entries()) {
      const row = readIndex(shard(i), entry.index!).find(({ key }) => key === `key-${number}`);
      if (row !== undefined) return row;
    }
    throw new Error(`no row ${number}`);
  }
  return { folder, cache, shard, entries, rowOf };
}
