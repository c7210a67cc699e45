import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { openCacheWriter } from '../../cache/writer.js';
import { Inspection } from '../../inspector/views/inspection.js';
import { InspectProblem } from '../../inspector/views/problem.js';
import { makeSample, OPTIONS } from '../cache/support.js';
import { scratchFolder } from '../support/media.js';

const refusal = (status: number, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InspectProblem, String(error));
  assert.equal(error.status, status);
  assert.match(error.message, words);
  return true;
};

describe('what the inspector makes of broken folders', () => {
  const { path } = scratchFolder();

  it('a cache that cannot be opened is a message, until it is whole again', async () => {
    await mkdir(path('broken'));
    await writeFile(path('broken/manifest.json'), '{"format":');
    const inspection = await Inspection.open([path('broken')], 'wasm');
    const cache = inspection.cache(0);
    await assert.rejects(cache.overview(false), refusal(422, /manifest.json is damaged/));
    await assert.rejects(cache.sample(0), refusal(422, /manifest.json is damaged/));
    assert.deepEqual((await inspection.sources()).sources.length, 1);
    await inspection.close();
  });

  it('a cache that is being written shows what was there, and more when asked again', async () => {
    const writer = await openCacheWriter(path('growing'), OPTIONS);
    await writer.put(makeSample(1));
    const inspection = await Inspection.open([path('growing')], 'wasm');
    const cache = inspection.cache(0);
    const first = await cache.overview(false);
    assert.deepEqual([first.samples, first.sealed], [1, false]);
    await writer.put(makeSample(2));
    assert.equal((await cache.overview(false)).samples, 1);
    // A state is kept for two seconds, so that asking all the time is not opening all the time.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    assert.equal((await cache.overview(true)).samples, 2);
    assert.equal((await cache.sample(1)).header.key, 'key-2');
    await writer.seal();
    await inspection.close();
  });

  it('a run without its cache, or with none at all, says what is missing', async () => {
    await mkdir(path('run'));
    const cache = { path: path('nowhere'), fingerprint: 'f'.repeat(64), samples: 1 };
    await writeFile(path('run/run.json'), JSON.stringify({ schema: 9, model: { variant: 'new' }, cache })); // prettier-ignore
    const inspection = await Inspection.open([path('run')], 'wasm');
    const { cacheOfRun } = await inspection.sources();
    assert.match(String(cacheOfRun[0]), /cannot be opened: there is no folder/);
    await assert.rejects(inspection.runWithCache(0), refusal(422, /cannot be opened/));
    const run = await inspection.run(0).answer();
    assert.deepEqual([run.variant, run.checkpoints, run.confusion], ['new', [], null]);
    await writeFile(path('run/confusion.json'), '{"labels":["a","b"],"counts":[[1,0]]}');
    await assert.rejects(inspection.run(0).answer(), refusal(422, /square of labels/));
    await writeFile(path('run/confusion.json'), '{"labels":["a","b"],"counts":[[1,0],[2,3]]}');
    assert.deepEqual((await inspection.run(0).answer()).confusion?.counts, [[1, 0], [2, 3]]); // prettier-ignore
    await writeFile(path('run/run.json'), 'x');
    await assert.rejects(inspection.run(0).answer(), refusal(422, /it is not JSON/));
    await inspection.close();
  });

  it('folders that are nothing of ours are refused at once', async () => {
    await mkdir(path('empty'));
    await assert.rejects(Inspection.open([path('empty')], 'wasm'), /is not an avme cache and not a run/); // prettier-ignore
    await assert.rejects(Inspection.open([path('missing')], 'wasm'), /there is no folder/);
  });
});
