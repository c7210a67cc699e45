import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openCache } from '../../cache/reader.js';
import { openCacheWriter } from '../../cache/writer.js';
import { fileWords } from '../../cache/folder/file-words.js';
import { makeSample, OPTIONS, samplesOf, SHAPE, useFolder } from './support.js';

const run = promisify(execFile);
const LARGE = { ...OPTIONS, shape: { ...SHAPE, size: 64 }, shardBytes: 400_000 };
const program = fileURLToPath(new URL('writer-process.js', import.meta.url));

describe('cache on a disk', () => {
  const folder = useFolder();

  it('that is full: says so, keeps what it has, and goes on when there is room', async function () {
    const disk = join(folder(), 'disk');
    await mkdir(disk);
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', disk]);
    } catch {
      // Only root may make a small disk.
      this.skip();
    }
    try {
      const [cache, ballast] = [join(disk, 'cache'), join(disk, 'ballast')];
      await writeFile(ballast, Buffer.alloc(2_000_000));
      const writer = await openCacheWriter(cache, LARGE);
      let written = 0;
      await assert.rejects(async () => {
        for (;;) {
          await writer.put(makeSample(written, LARGE.shape));
          written++;
        }
      }, /\/videos\/.* could not be written .*: the disk is full \(\d+ bytes left\); make room and run again/);
      assert.ok(written > 5);
      assert.equal((await writer.seal()).samples, written);
      await rm(ballast);
      const next = await openCacheWriter(cache, LARGE);
      assert.equal(next.size, written);
      for (let i = 0; i < written + 5; i++) await next.put(makeSample(i, LARGE.shape));
      await next.seal();
      const reader = await openCache(cache);
      const samples = samplesOf(reader);
      await reader.close();
      assert.equal(samples.size, written + 5);
      for (const [key, sample] of samples)
        assert.deepEqual(sample, makeSample(Number(key.slice(4)), LARGE.shape));
    } finally {
      await run('umount', [disk]);
    }
  });

  it('that refuses to write: says so, and keeps what it has', async function () {
    if (process.platform === 'win32') this.skip();
    const cache = join(folder(), 'cache');
    // A limit on the length of files stands in for a disk that fails in the middle of a commit.
    const { stdout } = await run('sh', [
      '-c',
      'ulimit -f 300 && exec "$0" "$@"',
      process.execPath,
      program,
      cache,
      '3000',
    ]);
    assert.match(
      stdout,
      /^open\n\/videos\/.* could not be written into the cache .*; what is in the cache already is safe\n$/,
    );
    const reader = await openCache(cache);
    const samples = samplesOf(reader);
    await reader.close();
    assert.ok(samples.size > 3);
    for (const [key, sample] of samples) assert.deepEqual(sample, makeSample(Number(key.slice(4))));
  });

  it('that lacks inodes, or is mounted read-only: says which of them', async function () {
    const disk = join(folder(), 'disk');
    await mkdir(disk);
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=50m,nr_inodes=8', 'tmpfs', disk]);
    } catch {
      // Only root may make a disk.
      this.skip();
    }
    try {
      const cache = join(disk, 'cache');
      await mkdir(cache);
      for (let i = 0; i < 6; i++) await writeFile(join(disk, `${i}`), '');
      await assert.rejects(openCacheWriter(cache, OPTIONS), {
        name: 'CacheError',
        message: `the cache ${cache} cannot be written: the disk has no room for further files (inodes), though there is for bytes; remove files, or choose another disk`,
      });
      for (let i = 0; i < 6; i++) await rm(join(disk, `${i}`));
      await (await openCacheWriter(cache, OPTIONS)).seal();
      await run('mount', ['-o', 'remount,ro', disk]);
      for (const at of [cache, join(disk, 'other')])
        await assert.rejects(openCacheWriter(at, OPTIONS), {
          name: 'CacheError',
          message: /^the (cache|folder) .* cannot be (written|made): it lies on a read-only file system; choose another folder, or have/, // prettier-ignore
        });
    } finally {
      await run('umount', [disk]);
    }
  });

  it('that cannot have such a path, or lock a file: says so', async () => {
    const long = join(folder(), 'x'.repeat(300));
    await assert.rejects(openCacheWriter(long, OPTIONS), /its path is too long for the file system; choose a folder with a shorter path/); // prettier-ignore
    await writeFile(join(folder(), 'file'), '');
    await assert.rejects(openCacheWriter(join(folder(), 'file', 'cache'), OPTIONS), /a part of its path is a file/); // prettier-ignore
    // As FAT answers a link, NFS without its lock daemon a lock, and LMDB in words alone.
    const said = (fields: object, message = '') => fileWords(Object.assign(new Error(message), fields), '/'); // prettier-ignore
    for (const fields of [
      { code: 'EPERM', syscall: 'link' },
      { code: 'ENOLCK' },
      { code: 'EOPNOTSUPP' },
    ])
      // prettier-ignore
      assert.match(String(said(fields)), /cannot lock files, .* choose a folder on a local disk/);
    assert.match(String(said({}, 'No locks available')), /cannot lock files/);
    assert.match(String(said({ code: 'EPERM', syscall: 'open' })), /does not permit it/);
    assert.equal(said({ code: 'ENOENT' }), undefined);
  });

  it('that is read only: can be read, and says that it cannot be written', async function () {
    // Root may write anywhere.
    if (process.getuid?.() === 0 || process.platform === 'win32') this.skip();
    const cache = join(folder(), 'cache');
    const writer = await openCacheWriter(cache, OPTIONS);
    await writer.put(makeSample(1));
    await writer.seal();
    await chmod(join(cache, 'shards'), 0o555);
    await chmod(cache, 0o555);
    try {
      const reader = await openCache(cache);
      assert.deepEqual(reader.sample(0), makeSample(1));
      await reader.close();
      await assert.rejects(openCacheWriter(cache, OPTIONS), /EACCES|permission denied/);
    } finally {
      await chmod(cache, 0o755);
      await chmod(join(cache, 'shards'), 0o755);
    }
  });
});
