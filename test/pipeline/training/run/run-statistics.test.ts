import { modelConfig } from '../../../../model/model-config.js';
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { openCache } from '../../../../cache/reader.js';
import { openCacheWriter } from '../../../../cache/writer.js';
import type { Sample } from '../../../../cache/records.js';
import { type ModelConfig } from '../../../../model/config.js';
import { evaluate } from '../../../../pipeline/evaluate/evaluate.js';
import type { EvaluateRequest } from '../../../../pipeline/evaluate/work.js';
import { reconstruct } from '../../../../pipeline/reconstruct.js';
import { lastCheckpoint } from '../../../../pipeline/training/run/checkpoint.js';
import { modelChoice } from '../../../../pipeline/training/model-choice.js';
import { pretrain } from '../../../../pipeline/training/pretrain.js';
import { readRun } from '../../../../pipeline/training/run/run-folder.js';
import { notesOn, statisticsOf } from '../../../../pipeline/training/run/run-statistics.js';
import { assembleBatch } from '../../../../stages/batch/batch.js';
import { createReconstructor } from '../../../../stages/evaluate/reconstruct.js';
import { drawFor } from '../../../../stages/load/workers/clip-writer.js';
import { pooledStatistics } from '../../../../stages/batch/audio-statistics.js';
import { trainingOptions } from '../../../../stages/train/training-options.js';
import { makeSample, OPTIONS, useFolder } from '../../../cache/support.js';

const SHAPE = {
  ...{ frames: 4, size: 16, storeSize: 16, square: true, positions: 16 },
  ...{ mfccFrames: 16, cepstra: 4 },
};
const MODEL = modelChoice.parse({
  ...{ width: 12, depth: 1, heads: 2, decoderWidth: 12, decoderDepth: 1, decoderHeads: 2 },
  ...{ fusionHeads: 2, audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1] },
});

function heardAs(number: number, loudness: number, shift: number): Sample {
  const { mask, mfcc, ...sample } = makeSample(number, SHAPE);
  return {
    ...sample,
    mask: mask.map((_, i) => (i % 4 === 0 ? 0 : 1)),
    mfcc: mfcc.map((_, i) => shift + loudness * Math.sin(i * (number + 1))),
  };
}

const CONFIG = modelConfig.parse({
  width: 8,
  depth: 1,
  heads: 1,
  decoderWidth: 8,
  decoderHeads: 1,
});

describe('statistics of a run', function () {
  this.timeout(180_000);
  const folder = useFolder();
  const at = (name: string) => join(folder(), name);

  async function makeCache(name: string, from: number, loudness: number, shift: number) {
    const writer = await openCacheWriter(at(name), { ...OPTIONS, shape: SHAPE });
    for (let i = from; i < from + 8; i++) await writer.put(heardAs(i, loudness, shift));
    await writer.seal();
    return openCache(at(name));
  }
  const train = (
    cache: string | { path: string; weight?: number }[],
    run: string,
    stopAt?: number,
  ) =>
    pretrain({
      ...{ cache, run: at(run), workers: 0, backend: 'wasm', model: MODEL, stopAt },
      validation: { cache: at('b') },
      training: trainingOptions.parse({ steps: 4, batch: 4, lr: 1e-2, crop: 'none', maskRatio: 0.75 }), // prettier-ignore
    });

  it('are those of what it learned from, whatever is looked at', async () => {
    const [a, b] = [await makeCache('a', 0, 2, 0), await makeCache('b', 8, 7, 3)];
    try {
      const trained = await train(at('a'), 'run');
      const run = await readRun(at('run'));
      assert.deepEqual(run.statistics, { mfcc: a.manifest.statistics.mfcc });
      // By hand: the clips of B, standardised by A's statistics or by B's own.
      const config = modelConfig.parse(run.model);
      const model = createReconstructor(config, (await lastCheckpoint(at('run'))).tensors);
      const lossBy = async (statistics: typeof a.manifest.statistics, epoch: number) => {
        const drawn = Array.from({ length: 8 }, (_, i) => drawFor(b.sample(i), epoch, { seed: 0, mask: 'epoch', maskRatio: 0.75 })); // prettier-ignore
        const augment = { crop: 'none', flip: 0 } as const;
        const options = { shape: SHAPE, imageSize: 16, slots: 2, augment, statistics: statistics.mfcc }; // prettier-ignore
        return (await model.measure(assembleBatch(0, drawn, options))).loss;
      };
      const close = (found: number, wanted: number) => {
        assert.ok(Math.abs(found / wanted - 1) < 1e-5, `${found} ${wanted}`);
      };
      const [byA, byB] = [await lossBy(a.manifest.statistics, -1), await lossBy(b.manifest.statistics, -1)]; // prettier-ignore
      assert.ok(Math.abs(byA / byB - 1) > 1e-4, `${byA} ${byB}`);
      const notes: string[] = [];
      const onEvent: EvaluateRequest['onEvent'] = (event) => {
        if (event.event === 'note') notes.push(event.text);
      };
      const request = { run: at('run'), cache: at('b'), checkpoint: 'last', maskRatio: 0.75, backend: 'wasm', onEvent } as const; // prettier-ignore
      const lossOf = async () => {
        const result = await evaluate(request);
        return result.kind === 'reconstruction' ? result.loss : NaN;
      };
      const errorOf = async () => (await reconstruct({ ...request, checkpoint: undefined, samples: [0] })).mse; // prettier-ignore
      close(await lossOf(), byA);
      const drawn = await errorOf();
      assert.deepEqual(notes, []);
      // Clips for validation are measured in the first epoch, all in one order or another.
      close(trained.best!.step === 4 ? trained.best!.loss : await lossBy(a.manifest.statistics, 0), await lossBy(a.manifest.statistics, 0)); // prettier-ignore

      // A run of an earlier version.
      const { statistics, ...rest } = JSON.parse(await readFile(join(at('run'), 'run.json'), 'utf8')) as Record<string, unknown>; // prettier-ignore
      assert.ok(statistics !== undefined);
      await writeFile(join(at('run'), 'run.json'), JSON.stringify(rest));
      close(await lossOf(), byB);
      assert.notEqual(await errorOf(), drawn);
      assert.equal(notes.length, 2);
      assert.match(notes[0]!, /does not say by what it standardised sound/);
      assert.equal((await train(at('a'), 'run')).step, 4, 'it is gone on with');
      model.dispose();
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  });

  it('of several caches are pooled by how many clips with sound an epoch shows, and stay', async () => {
    const [a, c] = [await makeCache('a', 0, 2, 0), await makeCache('c', 16, 7, 3)];
    await (await makeCache('b', 8, 1, 1)).close();
    try {
      const caches = [{ path: at('a'), weight: 3 }, { path: at('c'), weight: 1 }]; // prettier-ignore
      await train(caches, 'both', 2);
      const { statistics } = await readRun(at('both'));
      assert.deepEqual(statistics, statisticsOf([{ reader: a, weight: 3 }, { reader: c, weight: 1 }])); // prettier-ignore
      const [wa, wc] = [3 * a.manifest.statistics.audioPresent, c.manifest.statistics.audioPresent];
      const mean = (wa * a.manifest.statistics.mfcc.mean[1]! + wc * c.manifest.statistics.mfcc.mean[1]!) / (wa + wc); // prettier-ignore
      assert.ok(Math.abs(statistics.mfcc.mean[1]! - mean) < 1e-9);
      await train(caches, 'both');
      assert.deepEqual((await readRun(at('both'))).statistics, statistics);
    } finally {
      await Promise.all([a.close(), c.close()]);
    }
  });

  it('of a run on caches with other cepstra do not hide what differs', async () => {
    await (await makeCache('a', 0, 2, 0)).close();
    const writer = await openCacheWriter(at('wide'), {
      ...OPTIONS,
      shape: { ...SHAPE, cepstra: 6 },
    });
    for (let i = 0; i < 8; i++) await writer.put({ ...makeSample(i, { ...SHAPE, cepstra: 6 }), mask: heardAs(i, 1, 0).mask }); // prettier-ignore
    await writer.seal();
    const trainOn = (cache: string) =>
      pretrain({
        ...{
          cache: at(cache),
          run: at('run'),
          workers: 0,
          backend: 'wasm',
          model: MODEL,
          stopAt: 1,
        },
        training: trainingOptions.parse({ steps: 2, batch: 2, lr: 1e-3, maskRatio: 0.75 }),
      });
    await trainOn('a');
    await assert.rejects(trainOn('wide'), /holds a run with other settings.*model\.cepstra: run has 4, asked for 6/s); // prettier-ignore
  });

  it('and other sounds than it learned with are noted, where the model hears', () => {
    const statistics = { mfcc: { mean: [0], std: [1] } };
    const noted = (variant: string, sound: 'own' | 'mute', learned?: string) =>
      notesOn({ statistics, training: { sound: learned } }, { ...CONFIG, variant } as ModelConfig, sound).map(({ text }) => text); // prettier-ignore
    assert.deepEqual(noted('av', 'own'), []);
    assert.deepEqual(noted('v', 'own', 'shuffled'), []);
    assert.deepEqual(noted('av', 'mute', 'shuffled'), []);
    assert.match(noted('av', 'own', 'shuffled').join(), /^the run learned with --sound shuffled, and is looked at with the clips’ own sound$/); // prettier-ignore
    assert.deepEqual(notesOn({ training: {} }, { ...CONFIG, variant: 'v' }, 'own'), []);
  });

  it('pooled, they are those of all values together', () => {
    const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 }); // prettier-ignore
    const momentsOf = (all: readonly number[]) => {
      const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
      const squares = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length;
      return { mean: [mean], std: [Math.sqrt(squares)] };
    };
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (sets) => {
        const silent = { weight: 0, statistics: { mfcc: { mean: [1e6], std: [1] } } };
        const parts = sets.map((set) => ({ weight: set.length, statistics: { mfcc: momentsOf(set) } })); // prettier-ignore
        const { mfcc } = pooledStatistics([silent, ...parts]);
        const wanted = momentsOf(sets.flat());
        assert.ok(Math.abs(mfcc.mean[0]! - wanted.mean[0]!) < 1e-9);
        assert.ok(Math.abs(mfcc.std[0]! - wanted.std[0]!) < 1e-5);
        if (sets.length === 1) assert.deepEqual(mfcc, parts[0]!.statistics.mfcc);
        assert.deepEqual(pooledStatistics([silent]), silent.statistics);
      }),
    );
  });
});
