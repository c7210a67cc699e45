import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../support/media.js';
import {
  contentOf,
  descendantsOf,
  ended,
  LONG,
  makeSource,
  onLinux,
  tortureRandom,
} from './support.js';

const AVME = fileURLToPath(new URL('../../bin/avme.js', import.meta.url));
const OPTIONS = '--frames 4 --stride 2 --size 32 --patch 8 --mask-ratio 0.75 --clips 2'.split(' ');
const PARTS = 3;
const ROUNDS = LONG ? 20 : 1;

describe('a cache made in parts, under kill -9', function () {
  this.timeout(LONG ? 3_600_000 : 300_000);
  onLinux();
  const scratch = scratchFolder();
  before(() => makeSource(scratch.path('videos')));

  /** @param delay milliseconds until it is killed; without it, it comes to its end */
  async function avme(args: readonly string[], delay?: number) {
    const child = spawn(process.execPath, [AVME, ...args], { stdio: ['ignore', 'ignore', 'inherit'] }); // prettier-ignore
    const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    if (delay !== undefined) {
      await Promise.race([setTimeout(delay), exit]);
      const others = await descendantsOf(child.pid ?? 0);
      child.kill('SIGKILL');
      assert.deepEqual(await ended(others), []);
    }
    return exit;
  }

  it('at once, and while they are joined: it holds what one undisturbed run makes', async () => {
    const draw = tortureRandom('parts');
    const whole = scratch.path('whole');
    const start = performance.now();
    assert.deepEqual(await avme(['preprocess', scratch.path('videos'), '--cache', whole, ...OPTIONS]), [0, null]); // prettier-ignore
    const length = performance.now() - start;
    const expected = await contentOf(whole);
    const killed = { parts: 0, joins: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const cache = scratch.path(`parts-${round}`);
      const make = (part: number) => ['preprocess', scratch.path('videos'), '--cache', cache, '--shard', `${part}/${PARTS}`, ...OPTIONS]; // prettier-ignore
      await Promise.all(
        Array.from({ length: PARTS }, async (_, part) => {
          for (let kills = 1 + Math.floor(draw() * 2); kills > 0; kills--) {
            const [code] = await avme(make(part), (0.2 + draw()) * length);
            killed.parts += code === null ? 1 : 0;
          }
          assert.deepEqual(await avme(make(part)), [0, null]);
        }),
      );
      for (let kills = 0; kills < 3; kills++) {
        const [code] = await avme(['merge', cache], draw() * 0.5 * length);
        killed.joins += code === null ? 1 : 0;
      }
      assert.deepEqual(await avme(['merge', cache]), [0, null]);
      assert.deepEqual(await contentOf(cache), expected);
    }
    process.stdout.write(`      killed ${JSON.stringify(killed)}\n`);
    assert.ok(killed.parts > 0);
  });
});
