import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openCache } from '../../cache/reader.js';
import { openCacheWriter } from '../../cache/writer.js';
import type { Sample } from '../../cache/records.js';
import { randomFor } from '../../cache/order/random.js';
import { makeSample, OPTIONS, samplesOf, useFolder } from './support.js';

const COUNT = 240;
const KILLS = 24;
const program = fileURLToPath(new URL('writer-process.js', import.meta.url));

async function readAll(folder: string) {
  const reader = await openCache(folder);
  const read: [Map<string, Sample>, unknown] = [samplesOf(reader), reader.manifest.statistics];
  await reader.close();
  return read;
}

describe('cache under kill -9', () => {
  const folder = useFolder();

  it('loses nothing and has nothing twice', async function () {
    this.timeout(120_000);
    const cache = join(folder(), 'cache');
    // The moments differ from machine to machine; the seed only keeps a run of bad luck from us.
    const draw = randomFor(1, 0, 'kill', 'moment');
    let committed = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const child = spawn(process.execPath, [program, cache, String(COUNT)]);
      child.stdout.setEncoding('utf8');
      // From before the program runs, over its opening and its puts, to its sealing.
      if (kill % 4 === 0) await setTimeout(draw() * 300);
      else {
        assert.deepEqual(await once(child.stdout, 'data'), ['open\n']);
        await setTimeout(draw() * 60);
      }
      child.kill('SIGKILL');
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      assert.equal(signal, 'SIGKILL');
      if (kill === 0) continue;
      // Whatever was committed is there, whole, and stays there.
      const [samples] = await readAll(cache);
      for (const [key, sample] of samples)
        assert.deepEqual(sample, makeSample(Number(key.slice(4))));
      assert.ok(samples.size >= committed, `${samples.size} samples of ${committed} are left`);
      committed = samples.size;
    }
    const writer = await openCacheWriter(cache, OPTIONS);
    for (let i = 0; i < COUNT; i++) await writer.put(makeSample(i));
    const manifest = await writer.seal();
    assert.equal(manifest.samples, COUNT);
    assert.equal(
      manifest.shards.reduce((sum, { samples }) => sum + samples, 0),
      COUNT,
    );

    const undisturbed = join(folder(), 'undisturbed');
    const other = await openCacheWriter(undisturbed, OPTIONS);
    for (let i = 0; i < COUNT; i++) await other.put(makeSample(i));
    await other.seal();
    assert.deepEqual(await readAll(cache), await readAll(undisturbed));
  });

  it('resolves a put only when the sample is in the file', async () => {
    const cache = join(folder(), 'cache');
    const writer = await openCacheWriter(cache, OPTIONS);
    for (let i = 0; i < 5; i++) {
      await writer.put(makeSample(i));
      // What a kill at this moment would leave.
      const copy = join(folder(), `copy-${i}`);
      await cp(cache, copy, { recursive: true });
      const [samples] = await readAll(copy);
      assert.equal(samples.size, i + 1);
    }
    await writer.close();
  });
});
