import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { partFolder } from '../../cache/merge/parts.js';
import { listAttempts } from '../../cache/parts/attempt-name.js';
import { FFMPEG_PATH } from '../../stages/ffmpeg/ffmpeg.js';
import { avme, AVME } from '../support/cli.js';
import { makeVideo, scratchFolder } from '../support/media.js';
import { contentOf } from './support.js';

const OPTIONS = '--frames 4 --stride 2 --size 32 --patch 8 --mask-ratio 0.75 --jobs 1'.split(' ');
const SLOW = fileURLToPath(new URL('../../../test/torture/slow-ffmpeg.sh', import.meta.url));
const VIDEOS = 8;

/** A machine of its own, as far as a program can tell: another host name. */
const HOST = ['--uts'];
/** A pod of its own: its process ids mean nothing outside. */
const POD = ['--uts', '--pid', '--fork', '--mount-proc', '--kill-child'];
const works = (spaces: readonly string[]) =>
  process.platform === 'linux' && spawnSync('unshare', [...spaces, 'true']).status === 0;

interface Run {
  readonly child: ChildProcess;
  /** Resolves at the so-many-th clip. */
  written(clips: number): Promise<void>;
  /** The exit code, what it says of itself at the end, and of errors. */
  readonly end: Promise<{ code: number | null; done: Record<string, unknown>; stderr: string }>;
}

describe('two runs of one part at the same time', function () {
  this.timeout(180_000);
  const scratch = scratchFolder();
  const part = (cache: string) => join(scratch.path(cache), partFolder({ index: 0, count: 1 }));
  const args = (cache: string) => ['preprocess', scratch.path('videos'), '--cache', scratch.path(cache), ...OPTIONS]; // prettier-ignore

  before(async function () {
    if (!works(HOST)) {
      process.stdout.write('      skipped: this user may not make namespaces (unshare --uts)\n');
      this.skip();
    }
    await mkdir(scratch.path('videos'));
    for (let i = 0; i < VIDEOS; i++)
      await makeVideo(join(scratch.path('videos'), `${i}.mp4`), {
        picture: `testsrc2=s=64x48:r=25,hue=h=${i * 30}`,
        sound: `sine=f=${200 + i}:r=16000`,
        seconds: 1,
        output: ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
      });
    const whole = await avme(args('whole'));
    assert.equal(whole.code, 0, whole.stderr);
  });

  /** Begins the part on a machine of this name, slowly. */
  function begin(cache: string, host: string, spaces = HOST, ...more: string[]): Run {
    const line = ['-c', `hostname ${host}; exec "$@"`, 'sh', process.execPath, AVME, ...args(cache), '--shard', '0/1', '--json', ...more]; // prettier-ignore
    const child = spawn('unshare', [...spaces, 'sh', ...line], {
      env: { ...process.env, AVME_FFMPEG: SLOW, REAL_FFMPEG: FFMPEG_PATH, SLOW_SECONDS: '0.15' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let clips = 0;
    let done: Record<string, unknown> = {};
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const lines = createInterface({ input: child.stdout }).on('line', (text) => {
      const event = JSON.parse(text) as Record<string, unknown>;
      if (event['event'] === 'progress') clips = Number(event['written']);
      if (event['event'] === 'done') done = event;
    });
    const written = async (wanted: number) => {
      while (clips < wanted) await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => assert.fail(stderr))]); // prettier-ignore
    };
    const end = once(child, 'close').then(([code]) => ({ code: code as number | null, done, stderr })); // prettier-ignore
    return { child, written, end };
  }

  /** All that matters in the end: the part is as an undisturbed run would have made it. */
  async function assertWhole(cache: string) {
    const merged = await avme(['merge', scratch.path(cache), '--json']);
    assert.equal(merged.code, 0, merged.stderr);
    assert.deepEqual(await contentOf(scratch.path(cache)), await contentOf(scratch.path('whole')));
    const verified = await avme(['verify', scratch.path(cache)]);
    assert.equal(verified.code, 0, verified.stderr + verified.stdout);
    assert.equal((await listAttempts(part(cache))).length, 1, 'the loser is gone');
    const again = await avme([...args(cache), '--shard', '0/1', '--json']);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(again.events.at(-1)?.['written'], 0);
  }

  /** Whoever follows the advice of a message or a script to delete a lock. */
  async function removeLocks(folder: string) {
    for (const name of await readdir(folder, { recursive: true }))
      if (name.endsWith('writer.lock')) await rm(join(folder, name));
  }

  it('on two machines, the lock deleted in between: both end, one counts, nothing is lost', async () => {
    const first = begin('locks', 'node1');
    await first.written(3);
    await removeLocks(part('locks'));
    const second = begin('locks', 'node2');
    const ends = await Promise.all([first.end, second.end]);
    assert.deepEqual(ends.map(({ code }) => code), [0, 0], ends.map(({ stderr }) => stderr).join()); // prettier-ignore
    const outcomes = ends.map(({ done }) => String(done['outcome']));
    assert.deepEqual(outcomes.sort(), ['committed', 'lost']);
    await assertWhole('locks');
  });

  it('in two containers of the same name: both end, one counts, nothing is lost', async function () {
    if (!works(POD)) {
      process.stdout.write('      skipped: this user may not make pid namespaces\n');
      this.skip();
    }
    const first = begin('pods', 'avme-preprocess-0', POD);
    await first.written(3);
    const second = begin('pods', 'avme-preprocess-0', POD);
    const ends = await Promise.all([first.end, second.end]);
    assert.deepEqual(ends.map(({ code }) => code), [0, 0], ends.map(({ stderr }) => stderr).join()); // prettier-ignore
    const outcomes = ends.map(({ done }) => String(done['outcome']));
    assert.deepEqual(outcomes.sort(), ['committed', 'lost']);
    await assertWhole('pods');
  });

  it('one of them frozen until the other is through and merged: it ends, and does not count', async () => {
    const first = begin('frozen', 'node1');
    await first.written(3);
    assert.ok(first.child.kill('SIGSTOP'));
    const second = await begin('frozen', 'node2').end;
    assert.equal(second.done['outcome'], 'committed', second.stderr);
    const before = await readFile(join(part('frozen'), 'manifest.json'), 'utf8');
    await assertWhole('frozen');
    assert.ok(first.child.kill('SIGCONT'));
    const { code, stderr } = await first.end;
    assert.equal(code, 1);
    assert.match(stderr, /another run came to its end first, and avme merge deleted what this one had made/); // prettier-ignore
    assert.equal(await readFile(join(part('frozen'), 'manifest.json'), 'utf8'), before);
    await assertWhole('frozen');
  });

  for (const scratchArgs of [[], ['--scratch']])
    it(`killed elsewhere, it never blocks the next one${scratchArgs.length > 0 ? ', nor with --scratch' : ''}`, async () => {
      const cache = `killed${scratchArgs.length}`;
      const more = scratchArgs.flatMap((flag) => [
        flag,
        scratch.path(`local${scratchArgs.length}`),
      ]);
      const first = begin(cache, 'node1', HOST, ...more);
      await first.written(3);
      first.child.kill('SIGKILL');
      await first.end;
      const second = await begin(cache, 'node2', HOST, ...more).end;
      assert.equal(second.code, 0, second.stderr);
      assert.equal(second.done['outcome'], 'committed');
      await assertWhole(cache);
    });

  it('killed here, it is gone on with where it was', async () => {
    const first = begin('here', 'node1');
    await first.written(3);
    first.child.kill('SIGKILL');
    await first.end;
    const second = await begin('here', 'node1').end;
    assert.equal(second.code, 0, second.stderr);
    assert.ok(Number(second.done['skipped']) >= 3, JSON.stringify(second.done));
    await assertWhole('here');
  });

  it('stopped in order elsewhere, it is gone on with where it was', async () => {
    const first = begin('stopped', 'node1');
    await first.written(3);
    first.child.kill('SIGTERM');
    assert.equal((await first.end).code, 130);
    const second = await begin('stopped', 'node2').end;
    assert.equal(second.code, 0, second.stderr);
    assert.ok(Number(second.done['skipped']) >= 3, JSON.stringify(second.done));
    const merged = await avme(['merge', scratch.path('stopped')]);
    assert.equal(merged.code, 0, merged.stderr);
    assert.deepEqual(await contentOf(scratch.path('stopped')), await contentOf(scratch.path('whole'))); // prettier-ignore
  });
});
