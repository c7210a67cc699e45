import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { COMMANDS } from '../../../bin/command-list.js';
import { optionsOf, readConfig } from '../../../bin/cli/config.js';
import { listPresets } from '../../../bin/cli/presets.js';
import { modelChoice } from '../../../pipeline/training/model-choice.js';
import { PRESETS } from '../../../model/config.js';
import { avme } from '../../support/cli.js';
import { scratchFolder } from '../../support/media.js';

/** What a command needs beside a preset. */
const NEEDED: Readonly<Record<string, object>> = {
  preprocess: { source: 'videos', cache: 'cache' },
  pretrain: { cache: 'cache', run: 'run' },
  finetune: { cache: 'cache', run: 'run' },
  evaluate: { cache: 'cache', run: 'run' },
  reproduce: { cache: 'cache', out: 'out' },
  evidence: { folder: 'folder' },
};

/** All options of a command as it runs with a preset, defaults and all. */
async function optionsWith(preset: string, command: string): Promise<Record<string, unknown>> {
  const config = await readConfig(
    preset,
    COMMANDS.map(({ name }) => name),
  );
  const { spec } = await COMMANDS.find(({ name }) => name === command)!.load();
  return spec.schema.parse({ ...optionsOf(config, spec), ...NEEDED[command] });
}

function assertHas(options: Record<string, unknown>, expected: Record<string, unknown>): void {
  const found = Object.fromEntries(Object.keys(expected).map((name) => [name, options[name]]));
  assert.deepEqual(found, expected);
}

describe('presets', function () {
  this.timeout(120_000);
  const scratch = scratchFolder();

  it('are like the example in docs/reference/configs.md', async () => {
    const text = await readFile(
      new URL('../../../../docs/reference/configs.md', import.meta.url),
      'utf8',
    );
    const [, example] = /^```json\n([^]*?)^```$/m.exec(text)!;
    await writeFile(scratch.path('example.json'), example!);
    const { preprocess, evaluate } = JSON.parse(example!) as Record<string, object>;
    assertHas(await optionsWith(scratch.path('example.json'), 'preprocess'), { ...preprocess });
    assert.ok('no-ema' in evaluate!);
    assertHas(await optionsWith(scratch.path('example.json'), 'evaluate'), { ema: false });
    for (const command of ['pretrain', 'finetune']) await optionsWith(scratch.path('example.json'), command); // prettier-ignore
  });

  it('are all taken by every command that they speak of', async () => {
    const presets = await listPresets();
    const names = presets.map(({ name }) => name);
    for (const name of [
      'evidence',
      'evidence-classes',
      'paper-ucf101',
      'pretrain-kinetics',
      'pretrain-ucf101',
      'small',
      'ucf101-vit-b',
    ])
      assert.ok(names.includes(name), `${name} is not there`);
    for (const { name, description } of presets) {
      assert.match(description, /^.{20,120}$/, `${name} says in one line what it is for`);
      const { sections } = await readConfig(
        name,
        COMMANDS.map((command) => command.name),
      );
      for (const command of Object.keys(sections)) await optionsWith(name, command);
    }
  });

  it('are listed with what they are for', async () => {
    const { stdout, code } = await avme(['configs']);
    assert.equal(code, 0);
    assert.match(stdout, /^small {2,}a small model .*$/m);
    const { events } = await avme(['configs', '--json']);
    assert.ok(events.every((event) => event['event'] === 'preset' && event['description'] !== ''));
  });

  it('of the evidence differ in how long they train, and in what they compare', async () => {
    const sections = async (name: string) => (await readConfig(name, COMMANDS.map((command) => command.name))).sections; // prettier-ignore
    const [first, classes] = [await sections('evidence'), await sections('evidence-classes')];
    const asFirst = {
      pretrain: { ...(classes['pretrain'] as object), steps: 2000 },
      finetune: { ...(classes['finetune'] as object), steps: 600 },
      reproduce: first['reproduce'],
    };
    assert.deepEqual({ ...classes, ...asFirst }, first);
  });

  it('of UCF101 are the recipe of the specification', async () => {
    assertHas(await optionsWith('ucf101-vit-b', 'preprocess'), { frames: 16, stride: 4, size: 224, patch: 16, fit: 'short-side', clips: 5 }); // prettier-ignore
    const recipe = await optionsWith('ucf101-vit-b', 'finetune');
    assertHas(recipe, {
      preset: 'b',
      variant: 'av',
      weightDecay: 0.05,
      beta1: 0.9,
      beta2: 0.999,
      layerDecay: 0.7,
      dropPath: 0.2,
      headDropout: 0.5,
      smoothing: 0.1,
      mixup: 0.8,
      cutmix: 1,
      augmentOps: 4,
      augmentMagnitude: 7,
      erasing: 0.25,
      crop: 'random-resized',
      minArea: 0.08,
      flip: 0.5,
    });
    // Batch 128 with every video twice, for 100 epochs of which 5 warm up; the cache has 5 clips a video.
    const [videos, times, clips] = [128, 2, 5];
    assertHas(recipe, { batch: videos * times, lr: (5e-4 * videos) / 256 });
    assert.equal(Number(recipe['epochs']) * clips, 100 * times);
    assert.equal(Number(recipe['warmupEpochs']) * clips, 5 * times);
    const { width, depth, heads } = PRESETS[modelChoice.parse({ preset: recipe['preset'] }).preset];
    assert.deepEqual({ width, depth, heads }, { width: 768, depth: 12, heads: 12 });
    assertHas(await optionsWith('ucf101-vit-b', 'evaluate'), { views: { temporal: 5, spatial: 3 }, splits: ['test'] }); // prettier-ignore
  });

  it('of UCF101 differ in the classes alone, and share one cache', async () => {
    for (const command of ['preprocess', 'finetune', 'evaluate']) {
      const { labels: none, ...all } = await optionsWith('ucf101-vit-b', command);
      const { labels, ...sound } = await optionsWith('ucf101-vit-b-sound', command);
      assert.deepEqual(sound, all);
      assert.equal(none, undefined);
      if (command === 'preprocess') continue;
      assert.equal(new Set(labels as string[]).size, 51);
      // UCF50's classes have no sound; these three are among the 51 that were added to them.
      for (const label of ['PlayingDhol', 'HandstandPushups', 'WritingOnBoard'])
        assert.ok((labels as string[]).includes(label));
    }
    assert.deepEqual(
      await optionsWith('pretrain-ucf101', 'preprocess'),
      await optionsWith('ucf101-vit-b', 'preprocess'),
    );
  });

  it('of the paper pre-train and fine-tune on the same clips, those with sound', async () => {
    const pretrain = await optionsWith('paper-ucf101', 'pretrain');
    for (const command of ['preprocess', 'finetune', 'evaluate'])
      assert.deepEqual(await optionsWith('paper-ucf101', command), await optionsWith('ucf101-vit-b-sound', command)); // prettier-ignore
    const { labels, splits } = await optionsWith('paper-ucf101', 'finetune');
    assert.deepEqual([pretrain['labels'], pretrain['splits']], [labels, splits]);
    assertHas(pretrain, { variant: 'av' });
  });

  it('of pre-training are the recipe of the specification', async () => {
    const cases = [
      { name: 'pretrain-ucf101', times: 3200, batch: 192, baseLr: 3e-4, maskRatio: 0.75 },
      { name: 'pretrain-kinetics', times: 1600, batch: 2048, baseLr: 1.5e-4, maskRatio: 0.9 },
      { name: 'paper-ucf101', times: 1200, batch: 192, baseLr: 1.5e-4, maskRatio: 0.9 },
    ];
    for (const { name, times, ...expected } of cases) {
      const recipe = await optionsWith(name, 'pretrain');
      const { clips } = await optionsWith(name, 'preprocess');
      assertHas(recipe, {
        ...expected,
        preset: 'b',
        lr: undefined,
        // VideoMAE scales the floor by the batch, as it does the rate.
        minLr: Number(((1e-5 * expected.batch) / 256).toPrecision(12)),
        weightDecay: 0.05,
      });
      assertHas(recipe, { beta1: 0.9, beta2: 0.95, crop: 'multi-scale', flip: 0 });
      // An epoch shows each video as often as it has clips in the cache.
      assert.equal(Number(recipe['epochs']) * Number(clips), times);
      assert.equal(Number(recipe['warmupEpochs']) * Number(clips), 40);
    }
  });
});
