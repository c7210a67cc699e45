import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { avme, refused } from '../support/cli.js';
import { readPixels } from '../support/picture.js';
import { useTinyRuns } from '../support/tiny-run.js';

describe('avme reconstruct', function () {
  this.timeout(180_000);
  const { path: run, pretrain, trained } = useTinyRuns();
  const reconstruct = (name: string, cache: string, out: string, ...more: string[]) => [
    ...['reconstruct', '--run', run(name), '--cache', run(cache), '--out', run(out)],
    ...more,
  ];

  before(async () => {
    await trained('straight');
    const { code, stderr } = await avme(pretrain('v', '--variant', 'v'));
    assert.equal(code, 0, stderr);
  });

  it('reconstructs: three rows a clip, and an error that sound changes', async () => {
    const out = run('recon.png');
    const shared = reconstruct('straight', 'cache', 'recon.png', '--json');
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
    it('a run folder of another model', () =>
      refused(
        pretrain('straight', '--decoder-width', '32'),
        1,
        /other settings[^]*model\.decoderWidth: run has 16, asked for 32/,
      ));

    it('a checkpoint that does not fit', async () => {
      await cp(run('v'), run('misfit'), { recursive: true });
      await cp(join(run('straight'), 'run.json'), join(run('misfit'), 'run.json'));
      await refused(
        reconstruct('misfit', 'cache', 'x.png'),
        1,
        /checkpoint does not fit the model: audio_encoder/,
      );
    });

    it('a checkpoint that is none', () =>
      refused(
        reconstruct(
          'straight',
          'cache',
          'x.png',
          '--checkpoint',
          join(run('straight'), 'run.json'),
        ),
        1,
        /cannot be read as safetensors/,
      ));

    it('no cache, no run', async () => {
      await refused(
        ['pretrain', '--cache', run('nothing'), '--run', run('r')],
        1,
        /there is no folder .*nothing/,
      );
      await refused(reconstruct('nothing', 'cache', 'x.png'), 1, /is not a run folder/);
      await refused(
        ['pretrain', '--run', run('r')],
        2,
        /--cache: got nothing; give the folder of the cache/,
      );
    });

    it('a cache of another size', async () => {
      const larger = '--size 64 --stride 2'.split(' ');
      await avme(['preprocess', run('videos'), '--cache', run('cache-64'), ...larger]);
      await refused(
        reconstruct('straight', 'cache-64', 'x.png'),
        1,
        /does not fit this cache[^]*mfccFrames: the model has 256, the cache 128/,
      );
    });

    it('options that cannot be', async () => {
      await Promise.all([
        refused(pretrain('r', '--mask-ratio', '1'), 2, /--mask-ratio: got "1"; must be below 1/),
        refused(
          pretrain('r', '--mask-ratio', '0.01'),
          1,
          /a mask ratio of 0\.01 hides 0 of 16 positions/,
        ),
        refused(
          pretrain('r', '--heads', '5'),
          1,
          /width: got 24; must be a multiple of heads \(5\)/,
        ),
        refused(
          pretrain('r', '--batch', '0'),
          2,
          /--batch: got "0"; must be a whole number, 1 or more/,
        ),
        refused(pretrain('r', '--nonsense'), 2, /unknown option '--nonsense'/),
        refused(
          pretrain('r', '--mask', 'cached', '--mask-ratio', '0.5'),
          2,
          /cached masks have their own ratio/,
        ),
        refused(pretrain('r', '--backend', 'tensorflow2'), 2, /--backend: got "tensorflow2"/),
      ]);
    });
  });
});
