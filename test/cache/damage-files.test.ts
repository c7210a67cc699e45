import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { openCache } from '../../cache/reader.js';
import { openCacheWriter } from '../../cache/writer.js';
import { readWhatGoes } from './damage-support.js';
import { makeSample, OPTIONS, useFolder } from './support.js';

/** What may lie where a file should: made at a path that is free. */
const FOREIGN: Record<string, (path: string) => unknown> = {
  'an empty file': (path) => writeFile(path, ''),
  'a text': (path) => writeFile(path, 'a note to myself'),
  zeros: (path) => writeFile(path, Buffer.alloc(100_000)),
  noise: (path) =>
    writeFile(path, Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919) >> 3))),
  'a folder': (path) => mkdir(path),
  'a pipe': (path) => execFileSync('mkfifo', [path]),
  'a link to itself': (path) => symlink(path, path),
  'a link to nothing': (path) => symlink('/no/such/file', path),
  'a link to a device': (path) => symlink('/dev/zero', path),
};

describe('a foreign file', function () {
  this.timeout(60_000);
  const folder = useFolder();
  const cache = () => join(folder(), 'cache');
  const at = (name: string) => join(cache(), name);

  /** Samples 0 to 3 in a sealed shard, 4 and 5 in one that is not. */
  beforeEach(async () => {
    let writer = await openCacheWriter(cache(), OPTIONS);
    for (let i = 0; i < 4; i++) await writer.put(makeSample(i));
    await writer.seal();
    writer = await openCacheWriter(cache(), OPTIONS);
    for (let i = 4; i < 6; i++) await writer.put(makeSample(i));
    await writer.close();
  });

  for (const [file, message] of [
    ['shards/shard-00000.lmdb', /shard-00000\.lmdb/],
    ['shards/shard-00001.lmdb', /shard-00001\.lmdb/],
    ['shards/shard-00000.index.json', /shard-00000\.index\.json/],
    ['manifest.json', /manifest\.json/],
  ] as const)
    it(`in the place of ${file} is refused in a sentence, by readers and writers`, async function () {
      if (process.platform === 'win32') this.skip();
      const whole = join(folder(), 'whole');
      await cp(cache(), whole, { recursive: true });
      for (const [kind, make] of Object.entries(FOREIGN)) {
        await rm(at(file));
        await make(at(file));
        // LMDB makes an empty file before it fills it: nothing was committed there.
        const nothing = kind === 'an empty file' && file.endsWith('00001.lmdb');
        for (const opening of [() => openCache(cache()), () => openCacheWriter(cache(), OPTIONS)])
          if (nothing) await (await opening()).close();
          else
            await assert.rejects(opening(), (error: Error) => {
              assert.equal(error.name, 'CacheError', `${kind}: ${String(error)}`);
              assert.match(error.message, message, kind);
              return true;
            });
        await rm(cache(), { recursive: true });
        await cp(whole, cache(), { recursive: true });
      }
      assert.equal((await readWhatGoes(cache())).good.length, 6);
    });

  it('beside the shards changes nothing', async () => {
    for (const [i, make] of Object.values(FOREIGN).entries()) await make(at(`shards/foreign-${i}`));
    assert.equal((await readWhatGoes(cache())).good.length, 6);
    await (await openCacheWriter(cache(), OPTIONS)).close();
  });

  it('is what a copy of another machine brings with it: its lock, and a shard cut off', async () => {
    const owner = { pid: 1, host: `not-${hostname()}`, started: '', id: 'x' };
    await writeFile(at('writer.lock'), JSON.stringify(owner));
    assert.equal((await readWhatGoes(cache())).good.length, 6);
    const { length } = await readFile(at('shards/shard-00001.lmdb'));
    for (const share of [0.1, 0.4, 0.7, 0.95]) {
      await truncate(at('shards/shard-00001.lmdb'), Math.floor(length * share));
      await assert.rejects(openCache(cache()), /shard-00001\.lmdb is damaged/);
    }
  });

  it('does not matter while the cache is open: what was cut off meanwhile is refused', async () => {
    const reader = await openCache(cache());
    const { size } = reader;
    await truncate(at('shards/shard-00000.lmdb'), 5000);
    let refused = 0;
    for (let i = 0; i < size; i++)
      try {
        assert.deepEqual(
          reader.sample(i).header,
          makeSample(Number(reader.entry(i).key.slice(4))).header,
        );
      } catch (error) {
        assert.match(
          (error as Error).message,
          /sample \d .*shard-00000\.lmdb: the file ends \d+ bytes before/,
        );
        refused++;
      }
    await reader.close();
    assert.equal(refused, 4);
  });
});
