import assert from 'node:assert/strict';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readTar, TarError, writeTar, type TarFile } from '../../../stages/exchange/tar.js';
import { scratchFolder } from '../../support/media.js';

const LIMIT = 1 << 24;

// eslint-disable-next-line @typescript-eslint/require-await
async function* from(files: readonly TarFile[]): AsyncGenerator<TarFile> {
  yield* files;
}

async function contents(path: string, limit = LIMIT): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for await (const { name, content } of readTar(path, limit)) found.set(name, Buffer.concat(content)); // prettier-ignore
  return found;
}

const file = (name: string, ...content: string[]): TarFile => ({
  name,
  content: content.map((text) => Buffer.from(text)),
});

describe('tar files', () => {
  const { path } = scratchFolder();

  it('give back every file, of any size and name, and have the same bytes each time', async () => {
    const names = fc.stringMatching(/^[\w-]{1,120}\.[a-z.ü]{1,60}$/);
    const files = fc.uniqueArray(
      fc.record({ name: names, content: fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 3 }) }), // prettier-ignore
      { selector: ({ name }) => name, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(files, async (list) => {
        await writeTar(path('a.tar'), from(list));
        await writeTar(path('b.tar'), from(list));
        assert.deepEqual(await readFile(path('a.tar')), await readFile(path('b.tar')));
        const read = await contents(path('a.tar'));
        assert.deepEqual([...read.keys()], list.map(({ name }) => name)); // prettier-ignore
        for (const { name, content } of list) assert.deepEqual(read.get(name), Buffer.concat(content)); // prettier-ignore
      }),
      { numRuns: 40 },
    );
  });

  it('may be gzipped', async () => {
    await writeTar(path('plain.tar'), from([file('a.txt', 'some', 'thing')]));
    await writeFile(path('packed.tar.gz'), gzipSync(await readFile(path('plain.tar'))));
    assert.equal((await contents(path('packed.tar.gz'))).get('a.txt')?.toString(), 'something');
  });

  it('are refused when they are cut, with their name', async () => {
    await writeTar(path('cut.tar'), from([file('a', 'x'.repeat(5000)), file('b', 'y')]));
    await truncate(path('cut.tar'), 3000);
    await assert.rejects(contents(path('cut.tar')), (error: Error) => {
      assert.ok(error instanceof TarError);
      assert.match(error.message, /cut\.tar: Unexpected end of data/);
      return true;
    });
  });

  it('are refused when they are missing, no tar, or claim too much', async () => {
    await assert.rejects(contents(path('missing.tar')), /missing\.tar: ENOENT/);
    await writeFile(path('text.tar'), 'x'.repeat(2000));
    await assert.rejects(contents(path('text.tar')), /text\.tar: Invalid tar header/);
    await writeTar(path('large.tar'), from([file('large.npy', 'x'.repeat(5000))]));
    await assert.rejects(contents(path('large.tar'), 4999), /large\.npy claims 5000 bytes/);
  });

  it('can be left in the middle', async () => {
    const many = Array.from({ length: 50 }, (_, i) => file(`f${i}`, 'x'.repeat(100_000)));
    await writeTar(path('many.tar'), from(many));
    for await (const { name } of readTar(path('many.tar'), LIMIT)) {
      assert.equal(name, 'f0');
      break;
    }
  });

  it('fail with the error of what fills them, and of the disk', async () => {
    async function* failing(): AsyncGenerator<TarFile> {
      yield* from([file('a', 'x'.repeat(100_000))]);
      throw new Error('the record is damaged');
    }
    await assert.rejects(writeTar(path('failing.tar'), failing()), /the record is damaged/);
    await assert.rejects(writeTar(path('no/folder.tar'), from([file('a', 'b')])), /ENOENT/);
  });

  it('stop when they are told to', async () => {
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<TarFile> {
      for (let i = 0; ; i++) {
        yield* from([file(`f${i}`, 'x'.repeat(100_000))]);
        if (i === 20) controller.abort();
      }
    }
    await assert.rejects(writeTar(path('endless.tar'), endless(), controller.signal), { name: 'AbortError' }); // prettier-ignore
  });
});
