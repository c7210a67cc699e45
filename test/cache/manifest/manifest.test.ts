import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { canonicalJson } from '../../../cache/manifest/canonical-json.js';
import {
  cacheIdentity,
  compareConfigurations,
  parseManifest,
  readManifest,
  writeManifest,
  type Manifest,
} from '../../../cache/manifest/manifest.js';
import { OPTIONS, SHAPE, useFolder } from '../support.js';

const identity = cacheIdentity(OPTIONS.configuration, OPTIONS.tools, SHAPE);
const manifest: Manifest = {
  ...identity,
  sealed: true,
  samples: 2,
  shards: [
    {
      file: 'shards/shard-00000.lmdb',
      samples: 2,
      bytes: 8192,
      sealed: true,
      index: '0123456789abcdef',
      sums: {
        pixels: 768,
        pixel: { sum: ['1', '2', '3'], squares: ['4', '5', '12345678901234567890'] },
        audioPresent: 2,
        mfcc: { sum: ['-1', '2', '3'], squares: ['4', '5', '6'] },
      },
      dropped: ['key-7'],
    },
  ],
  statistics: {
    pixel: { mean: [0.1, 0.2, 0.3], std: [1, 1, 1] },
    mfcc: { mean: [1, 2, 3], std: [4, 5, 6] },
    labels: { cat: 1 },
    unlabelled: 1,
    audioPresent: 2,
  },
};

describe('canonical JSON', () => {
  it('is JSON, and the same for objects whose keys come in another order', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        assert.equal(canonicalJson(reversed(value)), text);
      }),
    );
  });

  it('refuses what JSON cannot hold, and says where it is', () => {
    assert.throws(() => canonicalJson({ a: [1, NaN] }), /\$\.a\[1\] is NaN/);
    assert.throws(() => canonicalJson({ f: () => 1 }), /\$\.f is a function/);
    assert.equal(canonicalJson({ a: undefined }), '{}');
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

describe('fingerprint', () => {
  it('does not depend on the order of options, but on each of them', () => {
    const { configuration, tools } = OPTIONS;
    assert.equal(
      cacheIdentity(reversed(configuration) as typeof configuration, tools, SHAPE).fingerprint,
      identity.fingerprint,
    );
    for (const other of [
      cacheIdentity({ ...configuration, size: 9 }, tools, SHAPE),
      cacheIdentity(configuration, { ...tools, ffmpeg: '7.1' }, SHAPE),
      cacheIdentity(configuration, tools, { ...SHAPE, cepstra: 4 }),
    ])
      assert.notEqual(other.fingerprint, identity.fingerprint);
  });

  it('has not changed: caches on disk rely on it', () => {
    assert.equal(
      identity.fingerprint,
      '4335e30cd73a739439dad128e166718784646ac77172344bbf0c59a6825ae9cf',
    );
  });
});

describe('compareConfigurations', () => {
  it('lists what differs, and what only one has', () => {
    assert.deepEqual(
      compareConfigurations(
        { size: 64, mask: { ratio: 0.75, kind: 'tube' } },
        { size: 224, mask: { ratio: 0.75 }, fit: 'crop' },
      ),
      [
        'size: cache has 64, asked for 224',
        'mask.kind: cache has "tube", asked for nothing',
        'fit: cache has nothing, asked for "crop"',
      ],
    );
    assert.deepEqual(compareConfigurations(OPTIONS.configuration, OPTIONS.configuration), []);
  });
});

describe('manifest', () => {
  const folder = useFolder();

  it('comes back as it was written', async () => {
    await writeManifest(folder(), manifest);
    assert.deepEqual(await readManifest(folder()), manifest);
  });

  it('is undefined in a folder that has none, and where there is no folder', async () => {
    assert.equal(await readManifest(folder()), undefined);
    assert.equal(await readManifest(join(folder(), 'nothing')), undefined);
  });

  it('is refused when torn anywhere', async () => {
    await writeManifest(folder(), manifest);
    const path = join(folder(), 'manifest.json');
    const text = await readFile(path, 'utf8');
    for (let length = 0; length < text.length - 2; length += 7) {
      await writeFile(path, text.slice(0, length));
      await assert.rejects(
        readManifest(folder()),
        /is damaged \(it is not complete JSON\); restore/,
      );
    }
  });

  it('is refused when any character of it was changed', async () => {
    await writeManifest(folder(), manifest);
    const text = await readFile(join(folder(), 'manifest.json'), 'utf8');
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === '7' ? '3' : '7'}${text.slice(at + 1)}`;
      let read: Manifest;
      try {
        read = parseManifest(changed, 'manifest.json');
      } catch (error) {
        assert.equal((error as Error).name, 'CacheError');
        continue;
      }
      // The white space at the end of the file means nothing.
      assert.deepEqual(read, manifest, `character ${at}`);
    }
  });

  it('is refused when it is of another schema, or none of ours', () => {
    const parse = (value: unknown) => parseManifest(JSON.stringify(value), 'm');
    assert.throws(() => parse({ ...manifest, schema: 3 }), /cache schema 3, .*; update avme/);
    assert.throws(() => parse({ ...manifest, schema: 0 }), /make the cache anew/);
    assert.throws(() => parse({ name: 'a package' }), /not the manifest of an avme cache/);
    assert.throws(() => parse([]), /not the manifest of an avme cache/);
  });

  it('is refused when it was edited', () => {
    const parse = (value: unknown) => parseManifest(JSON.stringify(value), 'm');
    assert.throws(() => parse({ ...manifest, digest: '00' }), /digest does not match/);
  });
});
