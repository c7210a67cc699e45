import { modelConfig } from '../../../model/model-config.js';
import assert from 'node:assert/strict';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadImage } from '@napi-rs/canvas';
import { openCache } from '../../../cache/reader.js';
import { CONTRAST_WEIGHT } from '../../../model/cav-mae.js';

import { CONTRAST_CLIPS } from '../../../pipeline/evaluate/contrast.js';
import { evaluate } from '../../../pipeline/evaluate/evaluate.js';
import { evaluateRobustness, PICTURES } from '../../../pipeline/evaluate/robustness.js';
import { readWeightsOf } from '../../../pipeline/evaluate/weights.js';
import { readRun } from '../../../pipeline/training/run/run-folder.js';
import { batchFor, drawSample } from '../../../pipeline/training/data/training-batches.js';
import { createReconstructor } from '../../../stages/evaluate/reconstruct.js';
import { useFolder } from '../../cache/support.js';
import { makeCache, makeClassifier, makeReconstructorRun } from './support.js';

/** Changes a byte of the frames of some samples. */
async function damage(folder: string, ...indices: number[]): Promise<string[]> {
  const reader = await openCache(folder);
  for (const index of indices) {
    const place = reader.recordPlace(index)!;
    const file = await open(place.path, 'r+');
    const at = place.offset + place.length - 2000;
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
    await file.write(Buffer.of((buffer[0] ?? 0) ^ 4), 0, 1, at);
    await file.close();
  }
  const keys = indices.map((index) => reader.entry(index).key);
  await reader.close();
  return keys;
}

describe('evaluation', function () {
  this.timeout(180_000);
  const folder = useFolder();
  const at = (name: string) => join(folder(), name);

  it('counts what has no label, and goes on without damaged records where it is told to', async () => {
    await (await makeCache(at('cache'), 20)).close();
    const run = await makeClassifier(folder(), at('cache'));
    const request = { run, cache: at('cache'), backend: 'wasm', batch: 3 } as const;
    const whole = await evaluate(request);
    assert.ok(whole.kind === 'classifier');
    assert.deepEqual([whole.unlabelled, whole.unknown, whole.badRecords, whole.clips], [2, 0, 0, 18]); // prettier-ignore
    const keys = await damage(at('cache'), 4, 9);
    await assert.rejects(evaluate(request), /sample 4 \(v002.*checksum.*--bad-records skip goes on without them/); // prettier-ignore
    const rest = await evaluate({ ...request, badRecords: 'skip', out: at('out') });
    assert.ok(rest.kind === 'classifier');
    assert.deepEqual([rest.badRecords, rest.clips, rest.accuracy.videos], [2, 16, 9]);
    assert.deepEqual(rest.skipped.map(({ key }) => key), keys); // prettier-ignore
    const written = JSON.parse(await readFile(join(at('out'), 'result.json'), 'utf8')) as typeof rest; // prettier-ignore
    assert.deepEqual(written.skipped, rest.skipped);
    await damage(at('cache'), ...Array.from({ length: 20 }, (_, i) => i).filter((i) => i !== 4 && i !== 9)); // prettier-ignore
    await assert.rejects(evaluate({ ...request, badRecords: 'skip' }), /none of the 18 samples can be read/); // prettier-ignore
  });

  it('measures CAV-MAE’s contrast among as many clips each time, and its parts each over its own clips', async () => {
    // Of 25 clips 20 have sound: 16 of them are one batch, and 4 are left.
    const reader = await makeCache(at('cache'), 25);
    try {
      const run = await makeReconstructorRun(folder(), at('cache'), 'cav-mae');
      const request = { run, cache: at('cache'), backend: 'wasm', maskRatio: 0.75 } as const;
      const { model: described, statistics } = await readRun(run);
      const config = modelConfig.parse(described);
      const model = createReconstructor(config, (await readWeightsOf(run)).tensors);
      const partsOf = async (indices: readonly number[]) => {
        const draw = { seed: 0, mask: 'epoch', maskRatio: 0.75 } as const;
        const drawn = await Promise.all(indices.map((index) => drawSample(reader, index, -1, draw))); // prettier-ignore
        const batch = batchFor(reader, config, 0, drawn, { crop: 'none', flip: 0 }, 'measure', { statistics }); // prettier-ignore
        return (await model.measure(batch)).parts;
      };
      const all = Array.from({ length: 25 }, (_, i) => i);
      const heard = all.filter((index) => reader.header(index).flags.audioPresent);
      assert.equal(heard.length, 20);
      const sums = { picture: 0, sound: 0 };
      for (const index of all) {
        const { pictureLoss = NaN, soundLoss = NaN } = await partsOf([index]);
        sums.picture += pictureLoss / 25;
        if (heard.includes(index)) sums.sound += soundLoss / 20;
      }
      const { contrastLoss: contrast = NaN } = await partsOf(heard.slice(0, CONTRAST_CLIPS));
      const result = await evaluate({ ...request, out: at('out') });
      assert.ok(result.kind === 'reconstruction');
      const close = (found: number | null | undefined, wanted: number) => {
        assert.ok(Math.abs((found ?? NaN) / wanted - 1) < 1e-4, `${found ?? 'none'} ${wanted}`);
      };
      close(result.pictureLoss, sums.picture);
      close(result.soundLoss, sums.sound);
      close(result.contrastLoss, contrast);
      assert.equal(result.contrastClips, CONTRAST_CLIPS);
      close(result.loss, sums.picture + sums.sound + CONTRAST_WEIGHT * contrast);
      const lines = (await readFile(join(at('out'), 'clips.jsonl'), 'utf8')).trim().split('\n');
      assert.deepEqual(lines.map((line) => (JSON.parse(line) as { key: string }).key), all.map((index) => reader.entry(index).key)); // prettier-ignore
      const muted = await evaluate({ ...request, sound: 'mute' });
      assert.ok(muted.kind === 'reconstruction');
      assert.deepEqual([muted.soundLoss, muted.contrastLoss, muted.contrastClips], [null, null, 0]);
      const other = await evaluate({ ...request, batch: 8 });
      assert.deepEqual({ ...other, seconds: 0 }, { ...result, seconds: 0 });
      model.dispose();
    } finally {
      await reader.close();
    }
  });

  it('goes through worse pictures with sound and without, and writes what came out of it', async () => {
    await (await makeCache(at('cache'), 8)).close();
    const run = await makeReconstructorRun(folder(), at('cache'), 'av');
    const request = { run, cache: at('cache'), backend: 'wasm' } as const;
    const seen: string[] = [];
    const result = await evaluateRobustness({ ...request, out: at('out'), onRow: ({ picture, sound }) => seen.push(`${picture} ${sound}`) }); // prettier-ignore
    assert.deepEqual(seen, PICTURES.flatMap(({ picture }) => [`${picture} own`, `${picture} mute`])); // prettier-ignore
    assert.deepEqual((await readdir(at('out'))).sort(), ['robustness.json', 'robustness.png']);
    const written = JSON.parse(await readFile(join(at('out'), 'robustness.json'), 'utf8')) as typeof result; // prettier-ignore
    assert.deepEqual(written, result);
    for (const [row, conditions] of [
      [0, {}],
      [5, { blur: 3, sound: 'mute' }],
    ] as const) {
      const one = await evaluate({ ...request, ...conditions });
      assert.equal(result.rows[row]!.mse, one.kind === 'reconstruction' ? one.mse : NaN);
    }
    assert.ok((await loadImage(join(at('out'), 'robustness.png'))).width > 400);
  });
});
