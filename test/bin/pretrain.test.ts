import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from '../../model/index.js';
import { readMetrics } from '../../pipeline/index.js';
import { makeDemoMedia } from '../../stages/index.js';
import { avme } from '../support/cli.js';
import { scratchFolder } from '../support/media.js';
import { readPixels } from '../support/picture.js';

/** A model so small that a step takes milliseconds, with every part that the real one has. */
const TINY = [
  ...[
    '--width',
    '24',
    '--depth',
    '1',
    '--heads',
    '2',
    '--decoder-width',
    '16',
    '--decoder-depth',
    '1',
  ],
  ...['--decoder-heads', '2', '--audio-filters', '8,8,8,8', '--audio-layers', '1,1,1,1'],
];
const TRAINING = [
  '--steps',
  '12',
  '--batch',
  '3',
  '--lr',
  '1e-3',
  '--flip',
  '0.5',
  '--backend',
  'wasm',
];

describe('avme pretrain and reconstruct', function () {
  this.timeout(180_000);
  const scratch = scratchFolder();
  const run = (name: string) => scratch.path(name);
  const pretrain = (name: string, ...more: string[]) => [
    ...['pretrain', '--cache', run('cache'), '--run', run(name), ...TINY, ...TRAINING, ...more],
  ];
  const finalWeights = async (name: string) => {
    const path = join(run(name), 'checkpoints', 'step-00000012.safetensors');
    return readFile(path);
  };

  before(async () => {
    await makeDemoMedia(run('videos'), 1, () => undefined);
    const made = await avme([
      'preprocess',
      run('videos'),
      '--cache',
      run('cache'),
      '--size',
      '32',
      '--patch',
      '8',
      '--mask-ratio',
      '0.75',
      '--json',
    ]);
    assert.equal(made.code, 0, made.stderr);
    const straight = await avme(pretrain('straight', '--json'));
    assert.equal(straight.code, 0, straight.stderr);
  });

  it('reports every step, ends with done, and keeps metrics and the newest checkpoints', async () => {
    const again = await avme(pretrain('reported', '--json', '--save-every', '5', '--keep', '2'));
    assert.equal(again.events[0]!['event'], 'start');
    const steps = again.events.filter((event) => event['event'] === 'step');
    assert.deepEqual(
      steps.map((event) => event['step']),
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    const done = again.events.at(-1)!;
    assert.deepEqual([done['event'], done['step'], done['interrupted']], ['done', 12, false]);
    const metrics = await readMetrics(run('reported'));
    assert.equal(metrics.length, 12);
    assert.ok(metrics.every(({ loss, lr }) => Number.isFinite(loss) && lr >= 0));
    assert.deepEqual(await readdir(join(run('reported'), 'checkpoints')), [
      'step-00000010.safetensors',
      'step-00000012.safetensors',
    ]);
  });

  it('is repeatable: the same command gives the same weights, to the bit', async () => {
    assert.ok((await finalWeights('straight')).equals(await finalWeights('reported')));
  });

  it('another seed gives other weights', async () => {
    await avme(pretrain('seeded', '--seed', '1'));
    assert.ok(!(await finalWeights('straight')).equals(await finalWeights('seeded')));
  });

  for (const stop of [1, 5, 11])
    it(`stopped at step ${stop} and gone on with, it ends with the same weights, to the bit`, async () => {
      const name = `stopped-${stop}`;
      const first = await avme(pretrain(name, '--stop-at', String(stop), '--json'));
      assert.equal(first.code, 0, first.stderr);
      assert.deepEqual(
        [first.events.at(-1)!['step'], first.events.at(-1)!['interrupted']],
        [stop, true],
      );
      const second = await avme(pretrain(name, '--json'));
      assert.equal(second.events[0]!['resumedFrom'], stop);
      assert.ok((await finalWeights('straight')).equals(await finalWeights(name)));
      assert.deepEqual(
        (await readMetrics(run(name))).map(({ loss }) => loss),
        (await readMetrics(run('straight'))).map(({ loss }) => loss),
      );
    });

  it('Ctrl-C finishes the step, saves, exits 130, and the run goes on exactly', async () => {
    const stopped = await avme(pretrain('ctrl-c', '--json'), {
      kill: { signal: 'SIGINT', afterLines: 4 },
    });
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.equal(stopped.events.at(-1)!['interrupted'], true);
    await avme(pretrain('ctrl-c'));
    assert.ok((await finalWeights('straight')).equals(await finalWeights('ctrl-c')));
  });

  it('kill -9 loses the steps since the last checkpoint, and the run goes on exactly', async () => {
    const killed = await avme(pretrain('killed', '--json', '--save-every', '3'), {
      kill: { signal: 'SIGKILL', afterLines: 9 },
    });
    assert.equal(killed.code, null);
    const resumed = await avme(pretrain('killed', '--json', '--save-every', '3'));
    assert.ok(Number(resumed.events[0]!['resumedFrom']) >= 3);
    assert.ok((await finalWeights('straight')).equals(await finalWeights('killed')));
    assert.equal((await readMetrics(run('killed'))).length, 12);
  });

  it('a finished run is not run again', async () => {
    const again = await avme(pretrain('straight', '--json'));
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(
      again.events.map((event) => event['event']).filter((event) => event === 'step'),
      [],
    );
  });

  it('writes VideoMAE’s weights under the original names', async () => {
    const { tensors } = await readSafetensors(
      join(run('straight'), 'checkpoints', 'step-00000012.safetensors'),
    );
    assert.deepEqual(tensors.get('encoder.patch_embed.proj.weight')?.shape, [24, 3, 2, 8, 8]);
    assert.deepEqual(tensors.get('encoder.blocks.0.attn.qkv.weight')?.shape, [72, 24]);
    for (const name of [
      'encoder_to_decoder.weight',
      'mask_token',
      'decoder.head.weight',
      'optimizer.exp_avg.mask_token',
    ])
      assert.ok(tensors.has(name), name);
  });

  for (const variant of ['v', 'av-no-cross'])
    it(`trains variant ${variant}, with the cached masks`, async () => {
      const result = await avme(
        pretrain(variant, '--variant', variant, '--mask', 'cached', '--json'),
      );
      assert.equal(result.code, 0, result.stderr);
      assert.equal(result.events[0]!['variant'], variant);
    });

  it('reconstructs: three rows a clip, and an error that sound changes', async () => {
    const out = run('recon.png');
    const shared = [
      'reconstruct',
      '--run',
      run('straight'),
      '--cache',
      run('cache'),
      '--out',
      out,
      '--json',
    ];
    const result = await avme([...shared, '--samples', '0,3']);
    assert.equal(result.code, 0, result.stderr);
    const { width, height } = await readPixels(out);
    assert.ok(width > 600 && height > 500);
    const [done] = result.events;
    assert.ok(Number(done!['mse']) > 0);
    assert.deepEqual(
      (done!['samples'] as { index: number }[]).map(({ index }) => index),
      [0, 3],
    );
    const mute = await avme([...shared, '--samples', '0,3', '--mute']);
    assert.notEqual(mute.events[0]!['mse'], done!['mse']);
  });

  describe('bad input gets a sentence', () => {
    const refused = async (args: readonly string[], code: number, message: RegExp) => {
      const result = await avme(args);
      assert.equal(result.code, code, result.stderr);
      assert.match(result.stderr, message);
      assert.doesNotMatch(result.stderr, /\n\s+at /, 'no stack trace');
    };

    it('a run folder of another model', () =>
      refused(
        pretrain('straight', '--decoder-width', '32'),
        1,
        /other settings[^]*model\.decoderWidth: run has 16, asked for 32/,
      ));

    it('a checkpoint that does not fit', async () => {
      await cp(run('straight'), run('misfit'), { recursive: true });
      await rm(join(run('misfit'), 'run.json'));
      await cp(join(run('v'), 'run.json'), join(run('misfit'), 'run.json'));
      await cp(join(run('v'), 'checkpoints'), join(run('straight-v'), 'checkpoints'), {
        recursive: true,
      });
      await cp(join(run('straight'), 'run.json'), join(run('straight-v'), 'run.json'));
      await refused(
        ['reconstruct', '--run', run('straight-v'), '--cache', run('cache'), '--out', run('x.png')],
        1,
        /checkpoint does not fit the model: audio_encoder/,
      );
    });

    it('a checkpoint that is none', () =>
      refused(
        [
          'reconstruct',
          '--run',
          run('straight'),
          '--cache',
          run('cache'),
          '--out',
          run('x.png'),
          '--checkpoint',
          join(run('straight'), 'run.json'),
        ],
        1,
        /cannot be read as safetensors/,
      ));

    it('no cache, no run', async () => {
      await refused(
        ['pretrain', '--cache', run('nothing'), '--run', run('r')],
        1,
        /there is no folder .*nothing/,
      );
      await refused(
        ['reconstruct', '--run', run('nothing'), '--cache', run('cache'), '--out', run('x.png')],
        1,
        /is not a run folder/,
      );
      await refused(
        ['pretrain', '--run', run('r')],
        2,
        /--cache: got nothing; give the folder of the cache/,
      );
    });

    it('a cache of another size', async () => {
      await avme([
        'preprocess',
        run('videos'),
        '--cache',
        run('cache-64'),
        '--size',
        '64',
        '--stride',
        '2',
      ]);
      await refused(
        [
          'reconstruct',
          '--run',
          run('straight'),
          '--cache',
          run('cache-64'),
          '--out',
          run('x.png'),
        ],
        1,
        /does not fit this cache[^]*mfccFrames: the model has 256, the cache 128/,
      );
    });

    it('options that cannot be', async () => {
      await refused(
        pretrain('r', '--mask-ratio', '1'),
        2,
        /--mask-ratio: got "1"; must be below 1/,
      );
      await refused(
        pretrain('r', '--mask-ratio', '0.999'),
        1,
        /hides 15 of 16 positions|mask ratio/,
      );
      await refused(
        pretrain('r', '--heads', '5'),
        1,
        /width: got 24; must be a multiple of heads \(5\)/,
      );
      await refused(
        pretrain('r', '--batch', '0'),
        2,
        /--batch: got "0"; must be a whole number, 1 or more/,
      );
      await refused(pretrain('r', '--nonsense'), 2, /unknown option '--nonsense'/);
      await refused(
        pretrain('r', '--mask', 'cached', '--mask-ratio', '0.5'),
        2,
        /cached masks have their own ratio/,
      );
      await refused(pretrain('r', '--backend', 'tensorflow2'), 2, /--backend: got "tensorflow2"/);
    });
  });
});
