import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../support/media.js';
import { long } from './bombs.js';
import {
  contentOf,
  descendantsOf,
  digestsOf,
  ended,
  LONG,
  makeSource,
  onLinux,
  outlive,
  processesNaming,
  tortureRandom,
} from './support.js';

const KILLS = LONG ? 240 : 20;
/** Kills in a row on one cache, at most. */
const CHAIN = 5;
const program = fileURLToPath(new URL('preprocess-process.js', import.meta.url));

describe('preprocessing under kill -9', function () {
  this.timeout(LONG ? 3_600_000 : 300_000);
  onLinux();
  const scratch = scratchFolder();
  const videos = 6;
  before(() => makeSource(scratch.path('videos')));

  /** @returns how it ended: by our kill, or of itself before it came to that */
  async function run(cache: string, kill?: { afterVideos: number; delay: number }) {
    const child = spawn(process.execPath, [program, scratch.path('videos'), cache], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    let done = 0;
    const reached = new Promise<void>((resolve) => {
      if (kill?.afterVideos === 0) resolve();
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        done += text.split('\n').length - 1;
        if (done >= (kill?.afterVideos ?? Infinity)) resolve();
      });
    });
    if (kill !== undefined) {
      await Promise.race([reached, exit]);
      await setTimeout(kill.delay);
      const others = child.pid === undefined ? [] : await descendantsOf(child.pid);
      child.kill('SIGKILL');
      assert.deepEqual(await ended(others), [], 'lives on');
    }
    return exit;
  }

  it(`${KILLS} times: what comes out is that of an undisturbed run, and no ffmpeg lives on`, async () => {
    const undisturbed = scratch.path('undisturbed');
    const start = performance.now();
    assert.deepEqual(await run(undisturbed), [0, null]);
    const whole = performance.now() - start;
    const expected = await contentOf(undisturbed);
    assert.deepEqual([expected.samples.length, expected.quarantine.length], [10, 1]);
    const known = new Map(expected.samples);

    const draw = tortureRandom('kill');
    const tally = { kills: 0, chains: 0, unsealed: 0, ended: 0 };
    while (tally.kills < KILLS) {
      const cache = scratch.path(`cache-${tally.chains++}`);
      const chain = 1 + Math.floor(draw() * CHAIN);
      let committed = 0;
      for (let i = 0; i < chain && tally.kills < KILLS; i++) {
        // Anywhere in a run of this length, or a moment after a video: at the last one, that is sealing.
        const anywhere = draw() < 0.5;
        const kill = anywhere
          ? { afterVideos: 0, delay: draw() * whole }
          : { afterVideos: 1 + Math.floor(draw() * videos), delay: draw() * 40 };
        const told = `kill ${tally.kills} on ${cache}: ${JSON.stringify(kill)}`;
        const [code, signal] = await run(cache, kill);
        if (signal === null) {
          assert.equal(code, 0, told);
          tally.ended++;
        } else tally.kills++;
        assert.deepEqual(await outlive(scratch.path('videos')), [], `ffmpeg lives on; ${told}`);
        // The very first moments leave nothing, or a folder without a manifest.
        const begun = await stat(join(cache, 'manifest.json')).catch(() => null);
        if (begun === null) continue;
        const samples = await digestsOf(cache);
        for (const [key, digest] of samples) assert.equal(digest, known.get(key), told);
        assert.ok(samples.size >= committed, `${samples.size} of ${committed} are left; ${told}`);
        if (samples.size < known.size) tally.unsealed++;
        committed = samples.size;
      }
      assert.deepEqual(await run(cache), [0, null], cache);
      assert.deepEqual(await contentOf(cache), expected, cache);
    }
    process.stdout.write(`      ${JSON.stringify(tally)}, a run takes ${whole.toFixed(0)} ms\n`);
    // A test that only ever kills a finished run would prove nothing.
    assert.ok(tally.unsealed >= KILLS / 10, JSON.stringify(tally));
  });

  it('in the middle of hours of decoding: ffmpeg ends with us', async () => {
    const source = scratch.path('hours');
    await mkdir(source);
    await long(1920, 1080, 25, 4000, true)(join(source, 'hours.mp4'));
    const child = spawn(process.execPath, [program, source, scratch.path('hours-cache')]);
    const exit = once(child, 'exit');
    // Only decoding has a filter.
    while ((await processesNaming(source, '-vf')).length === 0) await setTimeout(50);
    await setTimeout(300);
    assert.equal(child.exitCode, null);
    child.kill('SIGKILL');
    await exit;
    assert.deepEqual(await outlive(source), []);
  });
});
