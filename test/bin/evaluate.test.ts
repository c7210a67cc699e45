import { modelConfig } from '../../model/model-config.js';
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadImage, createCanvas } from '@napi-rs/canvas';
import { openCache } from '../../cache/reader.js';

import { readRun } from '../../pipeline/training/run/run-folder.js';
import { createClassifier } from '../../stages/evaluate/classify.js';
import { useBackend } from '../../engine/backend.js';
import { loadCheckpoint, newestCheckpoint } from '../../pipeline/training/run/checkpoint.js';
import { batchFor, drawSample } from '../../pipeline/training/data/training-batches.js';
import { avme, refused } from '../support/cli.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

interface Line {
  readonly id: string;
  readonly label: string;
  readonly predicted: string;
  readonly views: number;
  readonly top5: readonly { readonly label: string; readonly probability: number }[];
}

describe('avme evaluate', function () {
  this.timeout(180_000);
  const { path, trained } = useTinyRuns();
  const common = () => ['--cache', path('clips'), '--backend', 'wasm', '--json'];
  const evaluate = (run: string, ...more: string[]) => ['evaluate', '--run', path(run), ...common(), ...more]; // prettier-ignore
  const jsonl = async <T>(file: string) =>
    (await readFile(file, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as T); // prettier-ignore

  before(async () => {
    const sizes = '--size 32 --patch 8 --mask-ratio 0.75 --clips 2'.split(' ');
    assert.equal((await avme(['preprocess', path('videos'), '--cache', path('clips'), ...sizes])).code, 0); // prettier-ignore
    await trained('pretrained');
    const flags = ['--steps', '8', '--batch', '4', '--lr', '3e-3', '--ema', '0.5'];
    const tuned = await avme(['finetune', '--run', path('tuned'), '--init', path('pretrained'), ...common(), ...flags]); // prettier-ignore
    assert.equal(tuned.code, 0, tuned.stderr);
  });

  it('says of each video what it was taken for, as computed by hand', async () => {
    const out = path('results');
    const result = await avme(evaluate('tuned', '--out', out, '--batch', '3', '--no-ema'));
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual((await readdir(out)).sort(), ['confusion.json', 'confusion.png', 'predictions.jsonl', 'result.json']); // prettier-ignore
    const lines = await jsonl<Line>(join(out, 'predictions.jsonl'));
    // By hand: clip by clip, the two views of each video averaged.
    await useBackend('wasm');
    const run = await readRun(path('tuned'));
    const config = modelConfig.parse(run.model);
    const { head, classes } = run.classifier!;
    const model = createClassifier(config, head, (await newestCheckpoint(path('tuned')))!.tensors);
    const reader = await openCache(path('clips'));
    const sums = new Map<string, Float64Array>();
    for (let index = 0; index < reader.size; index++) {
      const drawn = await drawSample(reader, index, -1, { seed: 0, mask: 'epoch', maskRatio: 0.75 }); // prettier-ignore
      const batch = batchFor(reader, config, 0, [drawn], { crop: 'none', flip: 0 }, 'classify');
      const scores = await model.probabilities(batch);
      const { id } = reader.entry(index);
      const sum = sums.get(id) ?? new Float64Array(classes.length);
      scores.forEach((score, i) => { sum[i]! += score / 2; }); // prettier-ignore
      sums.set(id, sum);
    }
    const labels = new Map(Array.from({ length: reader.size }, (_, i) => [reader.entry(i).id, reader.entry(i).label])); // prettier-ignore
    await reader.close();
    model.dispose();
    assert.equal(lines.length, sums.size);
    let right = 0;
    for (const { id, label, predicted, views, top5 } of lines) {
      const sum = sums.get(id)!;
      assert.equal(label, labels.get(id));
      assert.equal(views, 2);
      assert.equal(top5.length, 5);
      assert.equal(top5[0]!.label, predicted);
      for (const { label: name, probability } of top5)
        assert.ok(Math.abs(sum[classes.indexOf(name)]! - probability) < 1e-5, `${id} ${name}`);
      assert.ok(sum.every((value) => value <= top5[0]!.probability + 1e-5));
      if (predicted === label) right++;
    }
    const done = result.events.at(-1) as { accuracy: { top1: number; confusion: number[][] }; views: number }; // prettier-ignore
    assert.equal(done.accuracy.top1, right / lines.length);
    assert.equal(done.views, 2);
    const { counts } = JSON.parse(await readFile(join(out, 'confusion.json'), 'utf8')) as { counts: number[][] }; // prettier-ignore
    for (const { label, predicted } of lines)
      assert.ok(counts[classes.indexOf(label)]![classes.indexOf(predicted)]! > 0);
    assert.equal(counts.flat().reduce((sum, count) => sum + count, 0), lines.length); // prettier-ignore
  });

  slow.it('takes averaged weights where there are some, and those that are asked for', async () => {
    const top = async (...flags: string[]) => {
      await avme(evaluate('tuned', '--out', path('weights'), ...flags));
      return (await jsonl<Line>(join(path('weights'), 'predictions.jsonl')))[0]?.top5;
    };
    const averaged = await top();
    assert.notDeepEqual(averaged, await top('--no-ema'));
    const file = join(path('tuned'), 'checkpoints', 'step-00000008.safetensors');
    assert.deepEqual(averaged, await top('--checkpoint', file));
    assert.deepEqual(averaged, await top('--checkpoint', 'last'));
    assert.equal((await loadCheckpoint(file)).step, 8);
    await refused(evaluate('tuned', '--checkpoint', 'best'), 1, /has no best checkpoint.*--validation-splits/); // prettier-ignore
  });

  it('measures what a pre-trained model reconstructs, always with the same masks', async () => {
    const one = await avme(evaluate('pretrained', '--out', path('errors')));
    assert.equal(one.code, 0, one.stderr);
    const done = one.events.at(-1)!;
    assert.equal(done['kind'], 'reconstruction');
    const rows = await jsonl<{ mse: number }>(join(path('errors'), 'clips.jsonl'));
    assert.equal(rows.length, done['clips']);
    const mean = rows.reduce((sum, { mse }) => sum + mse, 0) / rows.length;
    assert.ok(Math.abs(mean - Number(done['mse'])) < 1e-9);
    const again = await avme(evaluate('pretrained', '--batch', '1'));
    assert.ok(Math.abs(Number(again.events.at(-1)!['loss']) / Number(done['loss']) - 1) < 1e-4);
    const other = await avme(evaluate('pretrained', '--seed', '5'));
    assert.notEqual(other.events.at(-1)!['loss'], done['loss']);
    // The same clips as reconstruct draws, with the same masks.
    const drawn = await avme(['reconstruct', '--run', path('pretrained'), '--cache', path('clips'), '--out', path('x.png'), '--samples', '3', '--backend', 'wasm', '--json']); // prettier-ignore
    assert.ok(Math.abs(Number(drawn.events.at(-1)!['mse']) - rows[3]!.mse) < 1e-6);
  });

  slow.it('shows worse pictures and other sounds', async () => {
    const loss = async (...flags: string[]) => {
      const result = await avme(evaluate('pretrained', ...flags));
      assert.equal(result.code, 0, result.stderr);
      return Number(result.events.at(-1)!['loss']);
    };
    const [own, ...all] = await Promise.all([loss(), loss('--mute'), loss('--sound', 'mute'), loss('--sound', 'shuffled'), loss('--sound', 'presence')]); // prettier-ignore
    assert.equal(all[0], all[1]);
    assert.equal(new Set([own, ...all]).size, 4);
    const worse = await Promise.all([loss('--blur', '2'), loss('--low-res', '4')]);
    assert.equal(new Set([own, ...worse]).size, 3);
  });

  it('goes through worse pictures with sound and without', async () => {
    const grid = await avme(evaluate('pretrained', '--robustness', '--labels', 'circle', '--checkpoint', 'last', '--out', path('grid'))); // prettier-ignore
    assert.equal(grid.code, 0, grid.stderr);
    assert.deepEqual((await readdir(path('grid'))).sort(), ['robustness.json', 'robustness.png']);
    assert.equal((grid.events.at(-1)!['rows'] as unknown[]).length, 10);
    assert.equal(grid.events.filter(({ event }) => event === 'robustness').length, 10);
  });

  it('draws a confusion matrix in which cells are as blue as they are full', async () => {
    const { drawConfusion } = await import('../../rendering/confusion-sheet.js');
    const counts = [[8, 2], [0, 0]]; // prettier-ignore
    const image = await loadImage(await drawConfusion({ labels: ['a', 'b'], counts }, 'heading'));
    const canvas = createCanvas(image.width, image.height);
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    const at = (row: number, column: number) => [...pen.getImageData(166 + column * 44 + 3, 56 + row * 44 + 3, 1, 1).data.slice(0, 3)]; // prettier-ignore
    const [full, some, none] = [at(0, 0), at(0, 1), at(1, 0)];
    assert.deepEqual(none, [255, 255, 255]);
    assert.ok(full[0]! < some[0]! && some[0]! < 255, `${full.join()} ${some.join()}`);
  });

  it('says what does not go together', async () => {
    await Promise.all([
      refused(evaluate('nowhere'), 1, /nowhere is not a run folder/),
      refused(evaluate('tuned', '--labels', 'nothing'), 1, /no sample of what was chosen/),
      refused(evaluate('tuned', '--sound', 'loud'), 2, /--sound: got "loud"/),
      refused(evaluate('tuned', '--views', '5'), 2, /--views: got "5"; must be clips × crops, e\.g\. 5x3/), // prettier-ignore
      refused(evaluate('tuned', '--views', '1x3'), 1, /the cached frames are 32 × 32 pixels/),
      refused(evaluate('tuned', '--mute', '--sound', 'shuffled'), 2, /--mute and --sound shuffled exclude each other/), // prettier-ignore
      refused(evaluate('tuned', '--robustness', '--mute', '--blur', '2'), 2, /--robustness goes through pictures and sounds itself; leave out --mute and --blur/), // prettier-ignore
      refused(
        evaluate('tuned', '--robustness', '--checkpoint', 'best'),
        1,
        /has no best checkpoint/,
      ),
      refused(evaluate('tuned', '--checkpoint', path('none.safetensors')), 1, /none\.safetensors/), // prettier-ignore
    ]);
    // Another model's cache, and labels that the run does not know.
    await avme(['preprocess', path('videos'), '--cache', path('large'), '--size', '64', '--patch', '8', '--limit', '2']); // prettier-ignore
    await refused(['evaluate', '--run', path('tuned'), '--cache', path('large')], 1, /does not fit this cache/); // prettier-ignore
    await mkdir(path('strange'));
    const [label = ''] = await readdir(path('videos'));
    const [file = ''] = await readdir(join(path('videos'), label));
    await writeFile(path('strange.jsonl'), JSON.stringify({ path: join(path('videos'), label, file), label: 'strange' })); // prettier-ignore
    await avme(['preprocess', path('strange.jsonl'), '--cache', path('strange-cache'), '--size', '32', '--patch', '8']); // prettier-ignore
    await refused(['evaluate', '--run', path('tuned'), '--cache', path('strange-cache')], 1, /none of the samples has a label that the run knows/); // prettier-ignore
  });
});
