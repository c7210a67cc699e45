import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCacheWriter } from '../../cache/writer.js';
import type { ClipShape } from '../../cache/records.js';
import { readTrees, type Span } from '../../cache/shard/tree.js';
import { readWhatGoes, withFlip } from './damage-support.js';
import { makeSample, OPTIONS, SHAPE, useFolder } from './support.js';

const SHARD = 'shards/shard-00000.lmdb';
const SAMPLES = 6;
const PAGE = 4096;

/** Where a record's parts begin, from its own bytes (docs/reference/cache-format.md). */
function recordParts(bytes: Buffer, { offset, length }: Span): [string, Span][] {
  const record = bytes.subarray(offset, offset + length);
  const span = (start: number, end: number): Span => ({
    offset: offset + start,
    length: end - start,
  });
  const header = 144 + record.readUInt32LE(20);
  const arrays = ['frames', 'mask', 'mfcc'].map((name, i): [string, Span] => {
    const [start, size] = [
      record.readUInt32LE(24 + 40 * i + 28),
      record.readUInt32LE(24 + 40 * i + 32),
    ];
    return [`record ${name}`, span(start, start + size)];
  });
  let gap = header;
  const gaps = arrays.map(([, array]): [string, Span] => {
    const found = span(gap, array.offset - offset);
    gap = array.offset - offset + array.length;
    return ['record gaps', found];
  });
  return [
    ['record magic and length', span(0, 8)],
    ['record checksum', span(8, 16)],
    ['record counts', span(16, 24)],
    ['record table', span(24, 144)],
    ['record header', span(144, header)],
    ...arrays,
    ...gaps,
  ];
}

/** Every byte of a shard that means something to somebody, by what it is; the rest is "elsewhere". */
function classify(bytes: Buffer, path: string): Map<string, number[]> {
  const classOf = new Array<string>(bytes.length).fill('elsewhere');
  const mark = (name: string, { offset, length }: Span) => {
    classOf.fill(name, offset, offset + length);
  };
  for (let page = 0; page * PAGE < bytes.length; page++) {
    const at = page * PAGE;
    const flags = bytes.readUInt16LE(at + 18);
    const kind = ['branch', 'leaf', 'overflow', 'meta'].find((_, bit) => flags === 1 << bit);
    if (kind === undefined) continue;
    mark(`${kind} page header`, { offset: at, length: 24 });
    if (kind === 'meta') mark('meta page', { offset: at + 24, length: 136 });
    if (kind !== 'leaf' && kind !== 'branch') continue;
    const nodes = bytes.readUInt16LE(at + 20) >> 1;
    mark(`${kind} node pointers`, { offset: at + 24, length: 2 * nodes });
    for (let i = 0; i < nodes; i++) {
      const node = at + 24 + bytes.readUInt16LE(at + 24 + 2 * i);
      mark(`${kind} node`, { offset: node, length: 8 });
      mark(`${kind} key`, { offset: node + 8, length: bytes.readUInt16LE(node + 6) });
    }
  }
  const { cache, headers, samples } = readTrees(path);
  for (const span of cache.values()) mark('identity', span);
  for (const { offset, length } of headers.values()) {
    mark('header checksum', { offset, length: 8 });
    mark('header', { offset: offset + 8, length: length - 8 });
  }
  for (const record of samples.values())
    for (const [name, span] of recordParts(bytes, record)) mark(name, span);
  const classes = new Map<string, number[]>();
  classOf.forEach((name, at) => {
    const places = classes.get(name) ?? [];
    places.push(at);
    classes.set(name, places);
  });
  return classes;
}

/** So many places of a class, spread over it; all with AVME_LONG=1. */
function sampled(places: readonly number[], count: number): number[] {
  if (process.env['AVME_LONG'] === '1' || places.length <= count) return [...places];
  return Array.from(
    { length: count },
    (_, i) => places[Math.floor((i * places.length) / count)] ?? 0,
  );
}

describe('a flipped bit', function () {
  this.timeout(process.env['AVME_LONG'] === '1' ? 3_600_000 : 120_000);
  const folder = useFolder();

  async function write(shape: ClipShape, seal: boolean): Promise<string> {
    const writer = await openCacheWriter(folder(), { ...OPTIONS, shape });
    for (let i = 0; i < SAMPLES; i++) await writer.put(makeSample(i, shape));
    await (seal ? writer.seal() : writer.close());
    return join(folder(), SHARD);
  }

  /** What became of the samples; those that could be read are right. */
  async function outcome(shape: ClipShape, where: string): Promise<string> {
    let read;
    try {
      read = await readWhatGoes(folder());
    } catch (error) {
      assert.equal((error as Error).name, 'CacheError', `${where}: ${String(error)}`);
      assert.match((error as Error).message, /restore it from a copy/, where);
      return 'cache refused';
    }
    for (const sample of read.good)
      assert.deepEqual(sample, makeSample(Number(sample.header.key.slice(4)), shape), where);
    if (read.good.length + read.refused < SAMPLES) return 'sample hidden';
    return read.refused > 0 ? `${read.refused} refused` : 'harmless';
  }

  // Records inside LMDB's leaf pages, and on pages of their own.
  const shapes = { small: SHAPE, large: { ...SHAPE, size: 40, storeSize: 40 } };
  for (const [kind, shape] of Object.entries(shapes)) {
    it(`anywhere in a sealed shard of ${kind} records costs the one sample that it is in, or none`, async () => {
      const path = await write(shape, true);
      const classes = classify(await readFile(path), path);
      for (const [name, places] of classes)
        for (const at of sampled(places, 12))
          await withFlip(path, at, async () => {
            const expected = /^(record|header)/.test(name) ? '1 refused' : 'harmless';
            assert.equal(await outcome(shape, name), expected, `${name}, ${at}`);
          });
      for (const name of [
        'record gaps',
        'record table',
        'header',
        'leaf key',
        'meta page',
        'elsewhere',
      ])
        assert.ok(classes.has(name), name);
    });

    it(`anywhere in an unsealed shard of ${kind} records is found, or harmless`, async () => {
      const path = await write(shape, false);
      const classes = classify(await readFile(path), path);
      const outcomes = new Map<string, Set<string>>();
      for (const [name, places] of classes) {
        const seen = new Set<string>();
        outcomes.set(name, seen);
        for (const at of sampled(places, 12))
          await withFlip(path, at, async () => {
            seen.add(await outcome(shape, name));
          });
      }
      for (const [name, seen] of outcomes) {
        // LMDB's meta pages have no checksum: a wrong transaction number brings back the state before
        // the last one, and the next run makes its sample again.
        assert.ok(!seen.has('sample hidden') || name.startsWith('meta'), name);
        if (name.startsWith('record')) assert.deepEqual([...seen], ['1 refused'], name);
        if (name.startsWith('header')) assert.deepEqual([...seen], ['cache refused'], name);
      }
      assert.ok([...outcomes.values()].some((seen) => seen.has('harmless')));
    });
  }

  it('in an index is found wherever it is', async () => {
    const path = (await write(SHAPE, true)).replace('.lmdb', '.index.json');
    const { length } = await readFile(path);
    for (const at of sampled(
      Array.from({ length }, (_, i) => i),
      150,
    ))
      await withFlip(path, at, async () => {
        assert.equal(await outcome(SHAPE, `index, ${at}`), 'cache refused');
      });
  });
});
