import { modelConfig } from '../../../model/model-config.js';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheReader } from '../../../cache/reader.js';

import { evaluate } from '../../../pipeline/evaluate/evaluate.js';
import { chooseClips, viewsOption } from '../../../pipeline/evaluate/views.js';
import { readWeightsOf } from '../../../pipeline/evaluate/weights.js';
import { readRun } from '../../../pipeline/training/run/run-folder.js';
import { assembleBatch } from '../../../stages/batch/batch.js';
import { createClassifier } from '../../../stages/evaluate/classify.js';
import { drawFor } from '../../../stages/load/workers/clip-writer.js';
import { useFolder } from '../../cache/support.js';
import {
  makeCache,
  makeClassifier,
  makeReconstructorRun,
  sampleOf,
  SHAPE,
  WIDTH,
} from './support.js';

/** The columns of a clip's frames from `left` on that the model sees. */
function cropped(number: number, left: number) {
  const sample = sampleOf(number);
  const frames = new Uint8Array(4 * 16 * 16 * 3);
  for (let row = 0; row < 4 * 16; row++)
    frames.set(sample.frames.subarray((row * WIDTH + left) * 3, (row * WIDTH + left + 16) * 3), row * 48); // prettier-ignore
  return { ...sample, header: { ...sample.header, width: 16 }, frames };
}

describe('views', function () {
  this.timeout(180_000);
  const folder = useFolder();

  it('are clips × crops', () => {
    assert.deepEqual(viewsOption.parse('5x3'), { temporal: 5, spatial: 3 });
    assert.deepEqual(viewsOption.parse('2 × 1'), { temporal: 2, spatial: 1 });
    assert.deepEqual(viewsOption.parse({ temporal: 4, spatial: 3 }), { temporal: 4, spatial: 3 });
    for (const wrong of ['5', '5x2', '0x1', '2x3x1', 'axb', { temporal: 1, spatial: 2 }])
      assert.match(viewsOption.safeParse(wrong).error!.issues[0]!.message, /clips × crops, e\.g\. 5x3/); // prettier-ignore
  });

  it('take clips of each video that are spread evenly', () => {
    const ids = [...new Array<string>(5).fill('a'), ...new Array<string>(6).fill('b')];
    const reader = { entry: (index: number) => ({ id: ids[index] }) } as unknown as CacheReader;
    const all = ids.map((_, i) => i);
    const chosen = (temporal: number) => chooseClips(reader, all, { temporal });
    assert.deepEqual(chosen(1), [2, 7]);
    assert.deepEqual(chosen(2), [0, 4, 5, 10]);
    assert.deepEqual(chosen(3), [0, 2, 4, 5, 8, 10]);
    assert.deepEqual(chosen(5), [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]);
    assert.throws(() => chosen(6), /a has 5 clips in the cache, not 6; ask for 5x1, or preprocess with --clips 6/); // prettier-ignore
  });

  it('of a video are averaged, as computed by hand from the pixels', async () => {
    const reader = await makeCache(join(folder(), 'cache'), 12);
    try {
      const run = await makeClassifier(folder(), join(folder(), 'cache'));
      const { model: described, classifier, statistics } = await readRun(run);
      const { head, classes } = classifier!;
      const config = modelConfig.parse(described);
      const model = createClassifier(config, head, (await readWeightsOf(run)).tensors);
      const scoresOf = (number: number, left: number) => {
        const augment = { crop: 'none', flip: 0 } as const;
        const options = { shape: SHAPE, imageSize: 16, slots: 2, augment, statistics: statistics!.mfcc }; // prettier-ignore
        const drawn = drawFor(cropped(number, left), 0, { seed: 0, mask: 'cached', maskRatio: 0.75 }); // prettier-ignore
        return model.probabilities(assembleBatch(0, [drawn], options));
      };
      const request = { run, cache: join(folder(), 'cache'), out: join(folder(), 'out'), backend: 'wasm' } as const; // prettier-ignore
      const cases = [
        { views: undefined, clips: [0, 1], lefts: [12] },
        { views: { temporal: 1, spatial: 3 }, clips: [0], lefts: [0, 12, 24] },
        { views: { temporal: 2, spatial: 3 }, clips: [0, 1], lefts: [0, 12, 24] },
      ] as const;
      const seen = new Set<number>();
      for (const { views, clips, lefts } of cases) {
        const result = await evaluate({ ...request, views, batch: 3 });
        assert.ok(result.kind === 'classifier');
        assert.equal(result.views, clips.length * lefts.length);
        assert.equal(result.clips, 6 * clips.length);
        const text = await readFile(join(request.out, 'predictions.jsonl'), 'utf8');
        for (const [video, line] of text.trim().split('\n').entries()) {
          const { id, top5 } = JSON.parse(line) as { id: string; top5: { label: string; probability: number }[] }; // prettier-ignore
          assert.equal(id, `v00${video}`);
          const all = [];
          for (const clip of clips)
            for (const left of lefts) all.push(await scoresOf(2 * video + clip, left));
          for (const { label, probability } of top5) {
            const at = classes.indexOf(label);
            const mean = all.reduce((sum, scores) => sum + (scores[at] ?? NaN), 0) / all.length;
            assert.ok(Math.abs(probability - mean) < 1e-5, `${id} ${label}`);
          }
          if (video === 0) seen.add(top5[0]!.probability);
        }
      }
      assert.equal(seen.size, cases.length);
      model.dispose();
    } finally {
      await reader.close();
    }
  });

  it('that cannot be are refused, saying what to do', async () => {
    const [wide, square] = [join(folder(), 'wide'), join(folder(), 'square')];
    await (await makeCache(wide, 12)).close();
    await (await makeCache(square, 12, 16)).close();
    const run = await makeClassifier(folder(), wide);
    const views = { temporal: 2, spatial: 3 } as const;
    const refused = (cache: string, of: string, why: RegExp) =>
      assert.rejects(evaluate({ run: of, cache, views, backend: 'wasm' }), why);
    await refused(square, run, /the cached frames are 16 × 16 pixels.*ask for x1, or preprocess with --fit short-side/); // prettier-ignore
    const reconstructs = await makeReconstructorRun(folder(), wide, 'av');
    const notes: string[] = [];
    await evaluate({ run: reconstructs, cache: wide, views, backend: 'wasm', onEvent: (event) => event.event === 'note' && notes.push(event.text) }); // prettier-ignore
    assert.match(notes.join(), /^--views are averaged where videos are classified; this run reconstructs/); // prettier-ignore
  });
});
