import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { openCache } from '../../cache/reader.js';
import { readSafetensors } from '../../model/weights/safetensors.js';
import { readMetrics, readRun } from '../../pipeline/training/run/run-folder.js';
import { avme, refused } from '../support/cli.js';
import { makeDemoMedia } from '../../experiments/demo/demo-media.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

const PLAIN = '--augment-ops 0 --erasing 0 --mixup 0 --cutmix 0 --drop-path 0 --head-dropout 0 --crop none --flip 0 --sound-dropout 0'.split(' '); // prettier-ignore

describe('avme finetune', function () {
  this.timeout(180_000);
  const { path, pretrain, trained } = useTinyRuns();

  /** Four classes of the demo, the second video of each for validation. */
  before(async () => {
    await makeDemoMedia(path('more'), 2, () => undefined);
    const classes = (await readdir(path('more'))).sort().slice(0, 4);
    const lines = await Promise.all(
      classes.map(async (label) => {
        const files = (await readdir(join(path('more'), label))).sort();
        return files.map((file, i) => ({ path: relative(path('.'), join(path('more'), label, file)), label, split: i === 0 ? 'train' : 'val' })); // prettier-ignore
      }),
    );
    await writeFile(path('list.jsonl'), lines.flat().map((line) => JSON.stringify(line)).join('\n')); // prettier-ignore
    const sizes = '--size 32 --patch 8 --mask-ratio 0.75 --clips 2'.split(' ');
    const made = await avme(['preprocess', path('list.jsonl'), '--cache', path('labelled'), ...sizes]); // prettier-ignore
    assert.equal(made.code, 0, made.stderr);
    await trained('pretrained');
  });

  const finetune = (name: string, ...more: string[]) => [
    ...['finetune', '--cache', path('labelled'), '--splits', 'train', '--run', path(name)],
    ...['--init', path('pretrained'), '--backend', 'wasm', '--batch', '4', '--json', ...more],
  ];
  const weights = async (name: string, file: string) =>
    (await readSafetensors(join(path(name), 'checkpoints', file))).tensors;

  slow.it('learns the classes it is given, and keeps what did best on the rest', async () => {
    const flags = ['--steps', '90', '--lr', '3e-3', '--layer-decay', '1', '--smoothing', '0', '--validation-splits', 'val', '--validate-every', '30']; // prettier-ignore
    const result = await avme(finetune('learned', ...flags, ...PLAIN));
    assert.equal(result.code, 0, result.stderr);
    const [init, start] = result.events;
    assert.deepEqual(
      (init?.['lacking'] as string[]).filter(
        (name) =>
          !/^(head|fc_norm|fusion_norm|still_audio_norm|encoder_to_decoder|audio_to_decoder|cross_a2v|cross_v2a|self_av|fusion_to_decoder)\./.test(
            name,
          ),
      ),
      [],
    );
    assert.ok((init?.['unused'] as string[]).includes('mask_token'));
    assert.match(String(start?.['variant']), /av: 4 classes, fused/);
    const metrics = await readMetrics(path('learned'));
    assert.ok(Math.abs(metrics[0]!.loss - Math.log(4)) < 0.05, `${metrics[0]!.loss}`);
    assert.ok(metrics.at(-1)!.loss < 0.7, `${metrics.at(-1)!.loss}`);
    const looks = metrics.filter(({ validationTop1 }) => validationTop1 !== undefined);
    assert.deepEqual(looks.map(({ step }) => step), [30, 60, 90]); // prettier-ignore
    const done = result.events.at(-1)!;
    const best = done['best'] as { step: number; top1: number };
    assert.equal(best.top1, Math.max(...looks.map(({ validationTop1 = 0 }) => validationTop1)));
    const { metadata, tensors } = await readSafetensors(join(path('learned'), 'checkpoints', 'best.safetensors')); // prettier-ignore
    assert.equal(metadata['step'], String(best.step));
    assert.ok(![...tensors.keys()].some((name) => name.startsWith('optimizer.')));
    const { classifier } = await readRun(path('learned'));
    const reader = await openCache(path('labelled'));
    const labels = Array.from({ length: reader.size }, (_, i) => reader.entry(i).label);
    await reader.close();
    assert.deepEqual(classifier?.classes, [...new Set(labels)].sort());
    assert.deepEqual(classifier.head, { classes: 4, fusion: 'fused', centreInTime: true, dropout: 0, dropPath: 0 }); // prettier-ignore
  });

  slow.it('stopped and gone on with, ends with the same weights and draws', async () => {
    const flags = ['--steps', '6', '--ema', '0.9', '--accumulate', '2', '--validation-splits', 'val', '--validate-every', '2']; // prettier-ignore
    const file = 'step-00000006.safetensors';
    assert.equal((await avme(finetune('straight', ...flags))).code, 0);
    assert.equal((await avme(finetune('stopped', ...flags, '--stop-at', '3'))).code, 0);
    const again = await avme(finetune('stopped', ...flags));
    assert.equal(again.events.find(({ event }) => event === 'start')?.['resumedFrom'], 3);
    const [a, b] = await Promise.all(['straight', 'stopped'].map((name) => readFile(join(path(name), 'checkpoints', file)))); // prettier-ignore
    assert.ok(a!.equals(b!));
    const looks = async (name: string) =>
      (await readMetrics(path(name))).map(({ validationLoss, validationTop1 }) => [validationLoss, validationTop1]); // prettier-ignore
    assert.deepEqual(await looks('straight'), await looks('stopped'));
    assert.ok((await weights('straight', file)).has('ema.head.weight'));
  });

  slow.it('a run of before fusion was centred in time goes on as it was', async () => {
    assert.equal((await avme(finetune('old', '--steps', '4', '--stop-at', '2', '--no-centre-in-time'))).code, 0); // prettier-ignore
    const file = join(path('old'), 'run.json');
    const text = await readFile(file, 'utf8');
    assert.ok(text.includes('"centreInTime": false,'));
    await writeFile(file, text.replace('"centreInTime": false,', ''));
    const again = await avme(finetune('old', '--steps', '4'));
    assert.equal(again.code, 0, again.stderr);
    assert.ok(!(await weights('old', 'step-00000004.safetensors')).has('still_audio_norm.weight'));
    assert.equal((await readRun(path('old'))).classifier?.head.centreInTime, false);
  });

  it('a linear probe changes nothing but what stands behind the encoders', async () => {
    const result = await avme(finetune('probe', '--probe', '--steps', '3', '--lr', '1e-2'));
    assert.equal(result.code, 0, result.stderr);
    const before = await weights('pretrained', 'step-00000012.safetensors');
    const after = await weights('probe', 'step-00000003.safetensors');
    for (const [name, inPretraining] of [
      ['blocks.0.attn.qkv.weight', 'encoder.blocks.0.attn.qkv.weight'],
      ['audio_encoder.conv1.weight', 'audio_encoder.conv1.weight'],
      ['audio_encoder.bn1.running_mean', 'audio_encoder.bn1.running_mean'],
    ] as const)
      assert.deepEqual(after.get(name)?.data, before.get(inPretraining)?.data, name);
    assert.ok(after.get('head.bias')!.data.some((value) => value !== 0));
  });

  it('ends early when it gets no better', async () => {
    // A rate at which nothing is learned: the first look stays the best.
    const flags = ['--steps', '50', '--lr', '1e-12', '--min-lr', '0', '--patience', '2', '--validation-splits', 'val', '--validate-every', '1']; // prettier-ignore
    const result = await avme(finetune('early', ...flags));
    assert.equal(result.code, 0, result.stderr);
    const done = result.events.at(-1)!;
    assert.equal(done['stoppedEarly'], true);
    assert.ok(Number(done['step']) < 50, String(done['step']));
    const again = await avme(finetune('early', ...flags));
    assert.equal(again.events.at(-1)!['step'], done['step'], 'and stays ended');
  });

  it('trains pictures alone, and late fusion', async () => {
    for (const fusion of ['picture', 'late']) {
      const result = await avme(finetune(fusion, '--fusion', fusion, '--steps', '1'));
      assert.equal(result.code, 0, result.stderr);
      const found = [...(await weights(fusion, 'step-00000001.safetensors')).keys()];
      assert.equal(found.some((name) => name.startsWith('audio_encoder.')), fusion === 'late'); // prettier-ignore
      assert.equal(found.includes('late_fusion.weight'), fusion === 'late');
    }
  });

  it('pre-training is measured on clips that it does not learn from, too', async () => {
    const cache = ['--cache', path('labelled'), '--splits', 'train', '--accumulate', '3'];
    const validation = ['--validation-splits', 'val', '--validate-every', '6', '--sound-dropout', '0.5', '--pictures-every', '12']; // prettier-ignore
    const [, , , ...common] = pretrain('measured');
    const result = await avme(['pretrain', ...cache, ...common, ...validation, '--json']);
    assert.equal(result.code, 0, result.stderr);
    const looks = result.events.filter(({ event }) => event === 'validation');
    assert.deepEqual(looks.map(({ step }) => step), [6, 12]); // prettier-ignore
    assert.ok(looks.every(({ loss, top1 }) => Number(loss) > 0 && top1 === undefined));
    const best = looks.toSorted((a, b) => Number(a['loss']) - Number(b['loss']))[0];
    const picture = await readFile(join(path('measured'), 'pictures', 'step-00000012.png'));
    assert.equal(picture.readUInt32BE(0), 0x89504e47);
    assert.equal((result.events.at(-1)!['best'] as { step: number }).step, best!['step']);
  });

  it('says what does not go together', async () => {
    const cases: [string[], number, RegExp][] = [
      [['--init', path('nowhere')], 1, /nowhere/],
      [['--labels', 'nothing'], 1, /no sample of what was chosen/],
      [['--batch', '4', '--accumulate', '3'], 2, /--accumulate: got .*3.*must divide --batch/],
      [['--validation-splits', 'train'], 1, /would be learned from and measured on/],
      [['--fusion', 'sound'], 2, /--fusion: got "sound"/],
      [['--init', join(path('pretrained'), 'run.json')], 1, /cannot be read/],
      [['--init', join(path('pretrained'), 'checkpoints', 'step-00000012.safetensors')], 1, /does not fit the model/],
    ]; // prettier-ignore
    await Promise.all(
      cases.map(([flags, code, message], i) =>
        refused(finetune(`wrong-${i}`, '--steps', '1', ...flags), code, message),
      ),
    );
    const list = path('one.jsonl');
    const [line = ''] = (await readFile(path('list.jsonl'), 'utf8')).split('\n');
    await writeFile(list, line);
    await avme(['preprocess', list, '--cache', path('one'), '--size', '32', '--patch', '8']);
    await refused(['finetune', '--cache', path('one'), '--run', path('one-run'), '--init', path('pretrained')], 1, /one label .*needs two/); // prettier-ignore
  });
});
