import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../../../cache/manifest/canonical-json.js';
import { openCache } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { StatisticsFold, sumsOf } from '../../../cache/manifest/statistics.js';
import { makeSample, OPTIONS, SHAPE, useFolder } from '../support.js';

/** Written by the last avme of schema 1: samples 0 to 3 by one run, 4 and 5 by another. */
const GOLDEN = fileURLToPath(new URL('../../../../test/golden/cache-v1', import.meta.url));

describe('a cache of schema 1', () => {
  const folder = useFolder();

  async function expectSamples(cache: string): Promise<void> {
    const reader = await openCache(cache);
    const { statistics, schema, shape } = reader.manifest;
    assert.deepEqual([reader.size, schema, shape], [6, 1, SHAPE]);
    const fold = new StatisticsFold(SHAPE);
    for (let i = 0; i < 6; i++) {
      const sample = makeSample(i);
      const index = reader.find(sample.header.key)!;
      assert.deepEqual(reader.sample(index), sample);
      assert.deepEqual(reader.header(index), sample.header);
      reader.withSample(index, (lent) => {
        assert.deepEqual(lent, sample);
      });
      fold.add(sample.header, sumsOf(sample, SHAPE));
    }
    assert.deepEqual(statistics, fold.result());
    await reader.close();
  }

  async function edit(cache: string, change: (manifest: Record<string, unknown>) => void) {
    const path = join(cache, 'manifest.json');
    const rest = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    delete rest['digest'];
    change(rest);
    const digest = createHash('sha256').update(canonicalJson(rest)).digest('hex');
    await writeFile(path, JSON.stringify({ ...rest, digest }));
  }

  it('is read: the same samples, value for value', () => expectSamples(GOLDEN));

  it('is read when its run was killed before it sealed the last shard', async () => {
    await cp(GOLDEN, folder(), { recursive: true });
    await edit(folder(), (manifest) => {
      manifest['shards'] = (manifest['shards'] as unknown[]).slice(0, 1);
      Object.assign(manifest, { sealed: false, samples: 4, statistics: null });
    });
    await expectSamples(folder());
  });

  it('is not added to, and stays as it is', async () => {
    await cp(GOLDEN, folder(), { recursive: true });
    await assert.rejects(
      openCacheWriter(folder(), OPTIONS),
      /made by an earlier avme \(cache schema 1\): it can be read, but nothing can be added/,
    );
    await expectSamples(folder());
  });

  it('is refused when a byte of a record, a header or the manifest is another', async () => {
    await cp(GOLDEN, folder(), { recursive: true });
    const shard = join(folder(), 'shards/shard-00000.lmdb');
    const bytes = await readFile(shard);
    for (const [what, part, message] of [
      ['record', Buffer.from(makeSample(1).frames), /checksum does not match/],
      ['header', Buffer.from('{"header":'), /shard-00000\.lmdb is damaged.*checksum/],
    ] as const) {
      const changed = Buffer.from(bytes);
      // LMDB leaves earlier copies of its pages behind.
      for (let at = bytes.indexOf(part); at >= 0; at = bytes.indexOf(part, at + 1))
        changed[at + 5] = (changed[at + 5] ?? 0) ^ 1;
      await writeFile(shard, changed);
      const reading = async () => {
        const reader = await openCache(folder());
        try {
          for (let i = 0; i < reader.size; i++) reader.sample(i);
        } finally {
          await reader.close();
        }
      };
      await assert.rejects(reading(), message, what);
    }
    await writeFile(shard, bytes);
    await edit(folder(), (manifest) => {
      Object.assign(manifest['configuration'] as object, { size: 9 });
    });
    await assert.rejects(openCache(folder()), /fingerprint is not that of its configuration/);
  });

  it('of a later schema is refused', async () => {
    await cp(GOLDEN, folder(), { recursive: true });
    await edit(folder(), (manifest) => {
      manifest['schema'] = 3;
    });
    await assert.rejects(openCache(folder()), /has cache schema 3, .*; update avme/);
  });
});
