import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeVideo, scratchFolder } from '../support/media.js';
import { long, packets } from './bombs.js';
import {
  contentOf,
  descendantsOf,
  ended,
  LONG,
  makeSource,
  onLinux,
  processesNaming,
  tortureRandom,
} from './support.js';

const AVME = fileURLToPath(new URL('../../bin/avme.js', import.meta.url));
const OPTIONS = '--frames 4 --stride 2 --size 32 --patch 8 --mask-ratio 0.75 --clips 2'.split(' ');
const PRESSES = LONG ? 100 : 4;

/** A run of avme as a terminal starts it: in a group of its own, to all of which Ctrl-C goes. */
class Run {
  readonly child: ChildProcess;
  readonly exit: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  #lines: string[] = [];

  constructor(source: string, cache: string) {
    const args = [AVME, 'preprocess', source, '--cache', cache, '--json', ...OPTIONS];
    this.child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] }); // prettier-ignore
    this.exit = once(this.child, 'exit') as Run['exit'];
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#lines.push(...text.split('\n').filter(Boolean));
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits until it has printed this many lines that hold a text. */
  async printed(text: string, count = 1): Promise<void> {
    while (this.#lines.filter((line) => line.includes(text)).length < count) {
      assert.equal(this.child.exitCode, null, this.#lines.join('\n'));
      await setTimeout(5);
    }
  }

  /** Presses Ctrl-C. @returns the exit code, and milliseconds from then to the end of all it started */
  async press(times = 1, signal: NodeJS.Signals = 'SIGINT') {
    const others = await descendantsOf(this.pid);
    const start = performance.now();
    for (let i = 0; i < times; i++) {
      if (i > 0) await setTimeout(20);
      try {
        process.kill(-this.pid, signal);
      } catch (error) {
        // It ended by itself, or of the first press.
        assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
      }
    }
    const [code, killed] = await this.exit;
    assert.deepEqual(await ended(others), []);
    return { code: killed ?? code, ms: performance.now() - start };
  }
}

describe('Ctrl-C', function () {
  this.timeout(LONG ? 3_600_000 : 300_000);
  onLinux();
  const scratch = scratchFolder();
  const slowest = { ms: 0 };

  before(async () => {
    await makeSource(scratch.path('videos'));
    await makeVideo(scratch.path('good.mp4'), { seconds: 1 });
  });
  after(() => {
    process.stdout.write(`      the slowest end took ${slowest.ms.toFixed(0)} ms\n`);
  });

  /** What it is busy with when it happens, how to make that last, and how to tell. */
  const HOURS: Readonly<Record<string, readonly [(path: string) => Promise<void>, (source: string) => Promise<unknown>]>> = {
    'reading a file of 64 GiB': [
      async (path) => {
        const file = await open(path, 'w');
        await file.truncate(64 * 1024 ** 3);
        await file.close();
      },
      () => setTimeout(300),
    ],
    'indexing millions of packets': [packets(4e6, 100_000), async (source) => {
      while ((await processesNaming(`${source}/hours.mp4`)).length === 0) await setTimeout(10);
    }],
    'decoding hours': [long(1920, 1080, 25, 4000, true), async (source) => {
      while ((await processesNaming(`${source}/hours.mp4`, '-vf')).length === 0) await setTimeout(10);
    }],
  }; // prettier-ignore

  for (const [moment, [make, busy]] of Object.entries(HOURS))
    it(`while ${moment}: what is done is sealed, and it ends at once`, async () => {
      const source = scratch.path(moment);
      const cache = scratch.path(`${moment}-cache`);
      await mkdir(source);
      await copyFile(scratch.path('good.mp4'), join(source, 'good.mp4'));
      await make(join(source, 'hours.mp4'));
      const run = new Run(source, cache);
      await run.printed('"progress"');
      await busy(source);
      await setTimeout(200);
      const { code, ms } = await run.press();
      slowest.ms = Math.max(slowest.ms, ms);
      assert.equal(code, 130);
      // Not a matter of speed: what it was busy with would have gone on for minutes.
      assert.ok(ms < 20_000, `${ms}`);
      const { sealed, samples, quarantine } = await contentOf(cache);
      assert.ok(samples.length >= 2);
      assert.deepEqual([sealed, quarantine], [true, []]);
    });

  it('at any time: the cache is sealed, and the next run brings what is missing', async () => {
    const source = scratch.path('videos');
    const undisturbed = new Run(source, scratch.path('undisturbed'));
    const start = performance.now();
    await undisturbed.printed('"start"');
    const begin = performance.now() - start;
    assert.deepEqual(await undisturbed.exit, [0, null]);
    const whole = performance.now() - start;
    const expected = await contentOf(scratch.path('undisturbed'));
    assert.equal(expected.samples.length, 10);
    const draw = tortureRandom('Ctrl-C');
    const codes: Record<string, number> = {};
    // Presses that come too early for avme, or too late, are tried as well, but do not count.
    for (let i = 0; (codes['130'] ?? 0) < PRESSES && i < 10 * PRESSES; i++) {
      const cache = scratch.path(`any-${i}`);
      const run = new Run(source, cache);
      const [anywhere, times] = [draw() < 0.2, draw() < 0.3 ? 2 : 1];
      const delay = anywhere ? draw() * whole : draw() * (whole - begin);
      const signal = draw() < 0.2 ? 'SIGTERM' : 'SIGINT';
      if (!anywhere) await run.printed('"start"');
      await Promise.race([setTimeout(delay), run.exit]);
      const told = `press ${i}: ${signal} ×${times} after ${delay.toFixed(1)} ms`;
      const { code, ms } = run.child.exitCode === null ? await run.press(times, signal) : { code: 'late', ms: 0 }; // prettier-ignore
      codes[`${code}`] = (codes[`${code}`] ?? 0) + 1;
      slowest.ms = Math.max(slowest.ms, ms);
      // The signal may come before avme listens, or when all is done.
      assert.ok([0, 130, 'late', signal].includes(code ?? ''), `${told}: ${code}`);
      const made = await stat(join(cache, 'manifest.json')).catch(() => null);
      if (made !== null && code === 130) assert.equal((await contentOf(cache)).sealed, true, told);
      assert.deepEqual(await new Run(source, cache).exit, [0, null], told);
      assert.deepEqual(await contentOf(cache), expected, told);
    }
    process.stdout.write(`      ended with ${JSON.stringify(codes)}; a run takes ${whole.toFixed(0)} ms\n`); // prettier-ignore
    assert.equal(codes['130'], PRESSES);
  });

  it('pressed again ends what does not stop; sent twice at once, as npm does, it is one press', async () => {
    const stubborn = fileURLToPath(new URL('stubborn-process.js', import.meta.url));
    const child = spawn(process.execPath, [stubborn], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    const [started] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    assert.equal(started, 'started\n');
    child.kill('SIGINT');
    assert.deepEqual(await once(child.stdout, 'data'), ['asked to stop\n']);
    child.kill('SIGINT');
    await setTimeout(1000);
    assert.equal(child.exitCode, null);
    child.kill('SIGINT');
    assert.deepEqual(await exit, [130, null]);
  });
});
