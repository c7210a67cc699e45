import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatalogueSamples, openCatalogue } from '../../../cache/catalogue/catalogue.js';
import { CATALOGUE_FILE } from '../../../cache/catalogue/format.js';
import { writeCatalogue } from '../../../cache/catalogue/write.js';
import { existingManifest } from '../../../cache/manifest/manifest.js';
import { openCache } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { makeSample, OPTIONS, samplesOf, useFolder } from '../support.js';

const COUNT = 150;
const SMALL = { leastSamples: 1, runRows: 50 };

describe('the catalogue of a cache', () => {
  const folder = useFolder();
  const catalogue = () => join(folder(), CATALOGUE_FILE);

  /** Some shards, and more than two sorted runs. Written once: each sample is flushed to the disk. */
  let template: string;
  before(async function () {
    this.timeout(60_000);
    template = await mkdtemp(join(tmpdir(), 'avme-catalogue-'));
    await put(template, 0, COUNT);
  });
  after(() => rm(template, { recursive: true, force: true }));

  async function put(to: string, from: number, end: number): Promise<void> {
    const writer = await openCacheWriter(to, { ...OPTIONS, shardBytes: 100_000 });
    for (let i = from; i < end; i++) await writer.put(makeSample(i));
    await writer.seal();
  }

  const make = () => cp(template, folder(), { recursive: true });

  const write = async () => writeCatalogue(folder(), await existingManifest(folder()), SMALL);

  async function everything() {
    const reader = await openCache(folder());
    try {
      const entries = Array.from({ length: reader.size }, (_, i) => {
        const { key, id, clip, label, split } = reader.entry(i);
        return { key, id, clip, label, split };
      });
      return {
        manifest: reader.manifest,
        entries,
        found: entries.map(({ key }) => reader.find(key)),
        samples: samplesOf(reader),
        places: entries.map((_, i) => reader.recordPlace(i)),
      };
    } finally {
      await reader.close();
    }
  }

  it('opens a cache to the same samples in the same order as its indices do', async () => {
    await make();
    const before = await everything();
    assert.ok(before.manifest.shards.length > 2);
    await write();
    assert.ok(
      openCatalogue(folder(), await existingManifest(folder())) instanceof CatalogueSamples,
    );
    assert.deepEqual(await everything(), before);
    const reader = await openCache(folder());
    for (const key of ['key-150', '', 'x']) assert.equal(reader.find(key), undefined);
    for (const index of [-1, COUNT, 0.5]) assert.throws(() => reader.entry(index), RangeError);
    await reader.close();
    // Nothing is left of the sorting.
    assert.deepEqual(
      (await readdir(folder())).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  it('opens without reading the indices, and notices that a shard is missing or cut', async () => {
    await make();
    await write();
    const { shards } = await existingManifest(folder());
    const shard = join(folder(), shards[1]!.file);
    await writeFile(shard.replace('.lmdb', '.index.json'), 'damaged');
    const reader = await openCache(folder());
    assert.equal(reader.sample(7).header.key, reader.entry(7).key);
    await reader.close();
    const bytes = await readFile(shard);
    await writeFile(shard, bytes.subarray(0, bytes.length - 1));
    await assert.rejects(openCache(folder()), /bytes, the manifest says/);
    await rm(shard);
    await assert.rejects(openCache(folder()), /is missing, but the manifest lists it/);
  });

  it('is not used when the cache has changed since', async () => {
    await make();
    await write();
    const old = await readFile(catalogue());
    await put(folder(), COUNT, COUNT + 5);
    // Sealing takes a catalogue away that a small cache needs no more.
    await assert.rejects(stat(catalogue()), { code: 'ENOENT' });
    await writeFile(catalogue(), old);
    assert.equal((await everything()).entries.length, COUNT + 5);
  });

  it('is not used when it is cut or its end damaged; damaged pages are an error', async () => {
    await make();
    await write();
    const whole = await readFile(catalogue());
    const expected = await everything();
    for (const bytes of [0, 10, 100, whole.length - 1]) {
      await writeFile(catalogue(), whole.subarray(0, bytes));
      assert.deepEqual(await everything(), expected);
    }
    const manifest = await existingManifest(folder());
    for (let at = 3; at < whole.length; at += 997) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0x10;
      await writeFile(catalogue(), damaged);
      const opened = openCatalogue(folder(), manifest);
      if (opened === undefined) continue;
      await opened.close();
      await assert.rejects(everything(), /catalogue\.bin is damaged; delete it/);
    }
  });
});
