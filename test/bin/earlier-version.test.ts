import assert from 'node:assert/strict';
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '../../model/weights/safetensors.js';
import { avme } from '../support/cli.js';
import { scratchFolder } from '../support/media.js';

/** A cache and two runs, written by avme 0.1.0 as it was in November 2026, and what it said of them. */
const GOLDEN = fileURLToPath(new URL('../../../test/golden/2026-11', import.meta.url));
const TINY =
  '--width 24 --depth 1 --heads 2 --decoder-width 16 --decoder-depth 1 --decoder-heads 2 ' +
  '--audio-filters 8,8,8,8 --audio-layers 1,1,1,1 --dropout 0 --flip 0.5';
const TRAINING = '--steps 6 --batch 3 --lr 1e-2 --save-every 3 --keep 5 --backend wasm';

type Numbers = Readonly<Record<string, unknown>>;

/** Compares what JSON holds; numbers to rounding. */
function assertClose(actual: unknown, expected: unknown, path = ''): void {
  if (typeof expected === 'number') {
    assert.ok(typeof actual === 'number', path);
    const difference = Math.abs(actual - expected);
    assert.ok(
      difference <= 1e-5 * Math.max(1, Math.abs(expected)),
      `${path}: ${actual}, ${expected}`,
    );
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [key, value] of Object.entries(expected))
      assertClose((actual as Numbers)[key], value, `${path}.${key}`);
  } else assert.equal(actual, expected, path);
}

describe('what an earlier version has written', function () {
  this.timeout(120_000);
  const { path } = scratchFolder();
  let expected: Readonly<Record<'finetune' | 'pretrain' | 'inspect', Numbers>>;

  before(async () => {
    await cp(GOLDEN, path('.'), { recursive: true });
    expected = JSON.parse(await readFile(join(GOLDEN, 'expected.json'), 'utf8')) as typeof expected;
  });

  it('a cache: it says the same of itself', async () => {
    const { stdout, code } = await avme(['inspect', path('cache'), '--json']);
    assert.equal(code, 0);
    assertClose(JSON.parse(stdout), expected.inspect);
  });

  it('a cache: it knows its videos, and takes new ones', async function () {
    // The version of ffmpeg is part of the fingerprint.
    if (process.platform !== 'linux' || process.arch !== 'x64') return this.skip();
    const settings = '--size 32 --patch 8 --mask-ratio 0.75'.split(' ');
    const { events, code, stderr } = await avme(
      ['preprocess', path('videos'), '--cache', path('cache'), '--json', ...settings], // prettier-ignore
    );
    assert.equal(code, 0, stderr);
    const { written, skipped } = events.at(-1)!;
    assert.deepEqual([written, skipped], [0, 2]);
  });

  for (const kind of ['pretrain', 'finetune'] as const)
    it(`a run of ${kind}: it measures the same`, async () => {
      const run = ['--run', path(`run-${kind}`), '--cache', path('cache'), '--backend', 'wasm'];
      const { events, code, stderr } = await avme(['evaluate', ...run, '--json']);
      assert.equal(code, 0, stderr);
      assertClose(events.at(-1), expected[kind]);
    });

  it('a run that was stopped: it goes on to the same weights', async () => {
    const run = path('run-pretrain');
    const last = 'checkpoints/step-00000006.safetensors';
    const finished = await readSafetensors(join(run, last));
    await rm(join(run, last));
    const { code, stderr } = await avme(
      ['pretrain', '--cache', path('cache'), '--run', run, ...`${TINY} ${TRAINING}`.split(' ')], // prettier-ignore
    );
    assert.equal(code, 0, stderr);
    const again = await readSafetensors(join(run, last));
    assert.deepEqual([...again.tensors.keys()].sort(), [...finished.tensors.keys()].sort());
    for (const [name, { data }] of finished.tensors) {
      const values = again.tensors.get(name)!.data;
      const largest = data.reduce((most: number, value) => Math.max(most, Math.abs(value)), 0);
      data.forEach((value, i) => {
        const apart = Math.abs(Number(values[i]) - value);
        assert.ok(apart <= 1e-5 * Math.max(1e-3, largest), `${name}[${i}]: ${values[i]}, ${value}`);
      });
    }
  });
});
