import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { avme } from '../support/cli.js';
import { makeVideo, scratchFolder } from '../support/media.js';
import { contentOf, digestsOf, LONG } from './support.js';

const run = promisify(execFile);
const OPTIONS = '--frames 16 --stride 1 --size 64 --patch 16 --mask-ratio 0.5 --clips 2'.split(' ');
const VIDEOS = 12;

describe('preprocessing onto a disk', function () {
  this.timeout(180_000);
  let mounted = false;
  // In front of what removes the folder.
  after(async () => {
    if (mounted) await run('umount', [disk()]);
  });
  const scratch = scratchFolder();
  const disk = () => scratch.path('disk');
  const onto = (cache: string) =>
    avme(['preprocess', scratch.path('videos'), '--cache', cache, ...OPTIONS]);

  before(async () => {
    await mkdir(scratch.path('videos'));
    for (let i = 0; i < VIDEOS; i++)
      await makeVideo(scratch.path(`videos/${i}.mp4`), { seconds: 1 + i / 25 });
    for (let i = 0; i < 3; i++) await writeFile(scratch.path(`videos/b${i}.mp4`), `no video ${i}`);
    const { code, stderr } = await onto(scratch.path('undisturbed'));
    assert.equal(code, 0, stderr);
    await mkdir(disk());
    mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', disk()]).then(() => true, () => false); // prettier-ignore
  });
  const remount = (options: string) => run('mount', ['-o', `remount,${options}`, disk()]);

  it('that becomes full: says so, keeps what it has, and goes on when there is room', async function () {
    // Only root may make a small disk.
    if (!mounted) this.skip();
    const cache = join(disk(), 'cache');
    const full = await onto(cache);
    assert.equal(full.code, 1);
    assert.match(full.stderr, /^avme: .*the disk is full \(\d+ bytes left\); make room and run again; what is in the cache already is safe\n$/);
    const expected = await contentOf(scratch.path('undisturbed'));
    const whole = new Map(expected.samples);
    const part = await digestsOf(cache);
    assert.ok(part.size > 2 && part.size < whole.size, `${part.size}`);
    for (const [key, digest] of part) assert.equal(digest, whole.get(key));
    // Still full: the same again, and nothing lost.
    assert.equal((await onto(cache)).code, 1);
    assert.deepEqual(await digestsOf(cache), part);
    await remount('size=40m');
    const { code, stderr } = await onto(cache);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await contentOf(cache), expected);
    await rm(cache, { recursive: true });
    await remount('size=5m');
  }); // prettier-ignore

  it('without any room says so, wherever it finds out', async function () {
    if (!mounted) this.skip();
    // So many bytes are left: for nothing, for a manifest, for a lock, for the quarantine, for half a shard.
    for (const left of LONG ? [0, 4096, 8192, 16_384, 32_768, 65_536, 262_144] : [0, 16_384]) {
      const cache = join(disk(), `cache-${left}`);
      await mkdir(cache);
      const { bavail, bsize } = await statfs(disk());
      await writeFile(join(disk(), 'ballast'), Buffer.alloc(bavail * bsize - left));
      const { code, stderr } = await onto(cache);
      assert.equal(code, 1, stderr);
      assert.match(
        stderr,
        /^avme: .*disk is full.*make room and run again.*\n$/,
        `${left} bytes left`,
      );
      assert.doesNotMatch(stderr, /\n.*\n/);
      await rm(join(disk(), 'ballast'));
      // And then there is room, for a start at least.
      const again = await onto(cache);
      assert.match(`${again.code} ${again.stderr}`, /^0 |the disk is full/);
      assert.ok((await digestsOf(cache)).size > 2);
      await rm(cache, { recursive: true });
    }
  });

  it('that cannot be written says so, and what is there can be read', async function () {
    if (process.platform === 'win32') this.skip();
    const cache = mounted ? join(disk(), 'cache') : scratch.path('fixed');
    if (mounted) await remount('size=40m');
    assert.equal((await onto(cache)).code, 0);
    if (mounted) await remount('ro');
    // Root may write anywhere but on a disk that is read only.
    else if (process.getuid?.() === 0) this.skip();
    else await chmod(cache, 0o555);
    try {
      for (const folder of [cache, join(cache, 'new')]) {
        const { code, stderr } = await onto(folder);
        assert.equal(code, 1);
        assert.match(stderr, /^avme: .*(read-only|permission denied).*\n$/i);
      }
      assert.deepEqual(await contentOf(cache), await contentOf(scratch.path('undisturbed')));
      const { code } = await avme(['inspect', cache]);
      assert.equal(code, 0);
    } finally {
      if (mounted) await remount('rw');
      else await chmod(cache, 0o755);
    }
  });

  it('where another run is at work: one of them waits for no one, the other says who', async () => {
    const cache = scratch.path('shared');
    const results = await Promise.all(Array.from({ length: 4 }, () => onto(cache)));
    const refused = results.filter(({ code }) => code === 1);
    for (const { stderr } of refused)
      assert.match(
        stderr,
        /^avme: .* is being written by process \d+ on .*; wait until it ends\n$/,
      );
    assert.ok(refused.length <= 3 && results.every(({ code }) => code === 0 || code === 1));
    assert.equal((await onto(cache)).code, 0);
    assert.deepEqual(await contentOf(cache), await contentOf(scratch.path('undisturbed')));
  });
});
