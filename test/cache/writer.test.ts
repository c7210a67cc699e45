import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../cache/reader.js';
import { openCacheWriter, type CacheWriterOptions } from '../../cache/writer.js';
import { makeSample, OPTIONS, samplesOf, SHAPE, useFolder } from './support.js';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('cache', () => {
  const folder = useFolder();

  async function write(numbers: readonly number[], options: CacheWriterOptions = OPTIONS) {
    const writer = await openCacheWriter(folder(), options);
    await Promise.all(numbers.map((number) => writer.put(makeSample(number))));
    return writer.seal();
  }

  it('gives back every sample, by index and by key', async () => {
    const manifest = await write(range(0, 20));
    const reader = await openCache(folder());
    assert.deepEqual(reader.manifest, manifest);
    assert.equal(reader.size, 20);
    for (let i = 0; i < reader.size; i++) {
      const sample = reader.sample(i);
      const number = Number(sample.header.key.slice(4));
      assert.deepEqual(sample, makeSample(number));
      assert.deepEqual(reader.header(i), sample.header);
      assert.equal(reader.find(sample.header.key), i);
      assert.equal(reader.entry(i).label, sample.header.label);
      reader.withSample(i, (lent) => {
        assert.deepEqual(lent, sample);
      });
    }
    assert.equal(reader.find('key-20'), undefined);
    assert.throws(() => reader.sample(20), /there is no sample 20; it holds 20/);
    await reader.close();
  });

  it('numbers samples by id, clip and key, whatever the order and the runs they came in', async () => {
    await write(range(10, 20).reverse(), { ...OPTIONS, shardBytes: 120_000 });
    const manifest = await write(range(0, 15), { ...OPTIONS, shardBytes: 120_000 });
    const reader = await openCache(folder());
    const entries = Array.from({ length: reader.size }, (_, i) => reader.entry(i));
    const expected = range(0, 20)
      .map((number) => makeSample(number).header)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    assert.deepEqual(
      entries.map(({ key }) => key),
      expected.map(({ key }) => key),
    );
    assert.equal(manifest.samples, 20);
    await reader.close();
  });

  it('works out the same statistics in one run and in many', async () => {
    for (const part of [range(12, 20), range(0, 5), range(5, 12)]) await write(part);
    const reader = await openCache(folder());
    const { statistics } = reader.manifest;
    await reader.close();
    const other = await openCacheWriter(join(folder(), 'other'), OPTIONS);
    for (const number of range(0, 20)) await other.put(makeSample(number));
    assert.deepEqual((await other.seal()).statistics, statistics);
  });

  it('adds nothing the second time', async () => {
    const first = await write(range(0, 5));
    const writer = await openCacheWriter(folder(), OPTIONS);
    assert.ok(writer.has('key-3'));
    assert.ok(!writer.has('key-7'));
    await writer.put({ ...makeSample(3), mask: new Uint8Array(SHAPE.positions).fill(9) });
    assert.deepEqual(await writer.seal(), first);
    const reader = await openCache(folder());
    assert.deepEqual(reader.sample(reader.find('key-3')!), makeSample(3));
    await reader.close();
  });

  it('knows every kind of key again', async () => {
    const keys = ['0', '42', '-', '_', 'a-B_9', 'true', 'f'.repeat(200)];
    const writer = await openCacheWriter(folder(), OPTIONS);
    for (const key of keys) {
      const sample = makeSample(1);
      await writer.put({ ...sample, header: { ...sample.header, key } });
    }
    await writer.close();
    const again = await openCacheWriter(folder(), OPTIONS);
    assert.ok(keys.every((key) => again.has(key)));
    await again.seal();
    const reader = await openCache(folder());
    assert.deepEqual([...samplesOf(reader).keys()].sort(), [...keys].sort());
    await reader.close();
  });

  it('puts each key once when it comes twice at the same time', async () => {
    const manifest = await write([1, 2, 1, 2, 1]);
    assert.equal(manifest.samples, 2);
  });

  it('begins a new shard when one is full, and never touches a sealed one', async () => {
    const options = { ...OPTIONS, shardBytes: 120_000 };
    const first = await write(range(0, 30), options);
    assert.ok(first.shards.length > 2 && first.shards.length < 15);
    assert.ok(first.shards.every(({ sealed, samples }) => sealed && samples > 0));
    const second = await write(range(30, 33), options);
    assert.deepEqual(second.shards.slice(0, first.shards.length), first.shards);
    assert.equal(second.shards.length, first.shards.length + 1);
  });

  it('can be read while it is written, and after a run that did not seal it', async () => {
    const writer = await openCacheWriter(folder(), OPTIONS);
    const empty = await openCache(folder());
    assert.equal(empty.size, 0);
    await empty.close();
    for (const number of range(0, 7)) await writer.put(makeSample(number));
    for (const state of ['open', 'closed']) {
      const reader = await openCache(folder());
      assert.equal(reader.size, 7, state);
      assert.equal(reader.manifest.sealed, false);
      assert.equal(reader.manifest.samples, 7);
      assert.equal(reader.manifest.shards[0]?.samples, 7);
      assert.equal(reader.manifest.statistics.audioPresent, 5);
      assert.deepEqual(samplesOf(reader).get('key-6'), makeSample(6));
      await reader.close();
      await writer.close();
    }
    // What the run left is sealed as it is; the next one writes a shard of its own.
    assert.equal((await write(range(0, 8))).shards.length, 2);
  });

  it('can be sealed without samples', async () => {
    const manifest = await write([]);
    assert.deepEqual([manifest.samples, manifest.shards, manifest.sealed], [0, [], true]);
  });

  it('refuses samples that do not fit, and goes on', async () => {
    const writer = await openCacheWriter(folder(), OPTIONS);
    const sample = makeSample(1);
    await assert.rejects(writer.put({ ...sample, mask: new Uint8Array(3) }), /cache: mask holds 3/);
    await assert.rejects(
      writer.put({ ...sample, header: { ...sample.header, key: 'a/b' } }),
      /"a\/b" is no key/,
    );
    await assert.rejects(
      writer.put({ ...sample, header: { ...sample.header, times: [NaN] } }),
      /times\[0\] is NaN/,
    );
    await writer.put(sample);
    assert.equal((await writer.seal()).samples, 1);
    await assert.rejects(writer.put(makeSample(2)), /the writer is closed/);
  });

  it('refuses a cache of other settings, lists the differences, and leaves it as it is', async () => {
    await write(range(0, 3));
    const other = {
      ...OPTIONS,
      configuration: { ...OPTIONS.configuration, size: 224 },
      tools: { ffmpeg: '4.4', avme: 1 },
    };
    await assert.rejects(openCacheWriter(folder(), other), (error: Error) => {
      assert.match(error.message, /made with other settings; choose another folder/);
      assert.match(error.message, /\n {2}size: cache has 8, asked for 224\n/);
      assert.match(error.message, /\n {2}tools\.ffmpeg: cache has "7\.0", asked for "4\.4"$/);
      return true;
    });
    assert.equal((await write(range(0, 4))).samples, 4);
  });

  it('refuses a folder with other files, and leaves it as it is', async () => {
    await writeFile(join(folder(), 'thesis.tex'), '');
    await assert.rejects(
      openCacheWriter(folder(), OPTIONS),
      /not an avme cache: it has thesis\.tex/,
    );
    assert.deepEqual(await readdir(folder()), ['thesis.tex']);
  });

  it('begins in a folder that holds only what a killed run left', async () => {
    await writeFile(join(folder(), 'manifest.json.tmp'), '{"form');
    await writeFile(join(folder(), 'quarantine.jsonl'), '');
    assert.equal((await write([1])).samples, 1);
    assert.deepEqual((await readdir(folder())).sort(), [
      'manifest.json',
      'quarantine.jsonl',
      'shards',
    ]);
  });

  it('says where there is no cache to read', async () => {
    await assert.rejects(openCache(folder()), /is not an avme cache: it has no manifest\.json/);
    await assert.rejects(openCache(join(folder(), 'x')), /there is no folder .*x; make the cache/);
  });
});
