import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRun } from '../../pipeline/training/run/run-folder.js';
import { avme, refused } from '../support/cli.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

describe('--sound of training', function () {
  this.timeout(180_000);
  const { path, pretrain } = useTinyRuns();
  const weights = (name: string) =>
    readFile(join(path(name), 'checkpoints', 'step-00000012.safetensors'));
  const losses = async (name: string, ...more: string[]) => {
    // The caches of the command are a list; that of the tiny runs is replaced where another is given.
    const asked = pretrain(name, '--json', ...more);
    if (more.includes('--cache')) asked.splice(asked.indexOf('--cache'), 2);
    const result = await avme(asked);
    assert.equal(result.code, 0, result.stderr);
    return result.events.filter(({ event }) => event === 'validation').map(({ loss }) => loss);
  };

  it('is written down, and stays what it was', async () => {
    await losses('muted', '--sound', 'mute', '--stop-at', '1');
    assert.equal((await readRun(path('muted'))).training['sound'], 'mute');
    await refused(pretrain('muted', '--sound', 'own'), 1, /training\.sound: run has "mute", asked for undefined/); // prettier-ignore
    await refused(pretrain('loud', '--sound', 'loud'), 2, /--sound: got "loud"/);
  });

  slow.it('own is what a run without it does, and is not written down', async () => {
    await losses('plain', '--stop-at', '2');
    assert.ok(!('sound' in (await readRun(path('plain'))).training));
    await losses('plain', '--sound', 'own');
    await losses('own', '--sound', 'own');
    assert.ok((await weights('plain')).equals(await weights('own')));
    await refused(pretrain('plain', '--sound', 'mute'), 1, /training\.sound: run has undefined, asked for "mute"/); // prettier-ignore
  });

  slow.it('each kind gives another model, validated as well, and goes on exactly', async () => {
    const lines: string[] = [];
    for (const label of await readdir(path('videos')))
      for (const file of await readdir(join(path('videos'), label)))
        lines.push(JSON.stringify({ path: join(path('videos'), label, file), label, split: lines.length % 2 === 0 ? 'train' : 'val' })); // prettier-ignore
    await writeFile(path('split.jsonl'), lines.join('\n'));
    const sizes = '--size 32 --patch 8 --mask-ratio 0.75'.split(' ');
    const made = await avme([
      'preprocess',
      path('split.jsonl'),
      '--cache',
      path('split'),
      ...sizes,
    ]);
    assert.equal(made.code, 0, made.stderr);
    const split = '--splits train --validation-splits val --validate-every 6'.split(' ');
    split.push('--cache', path('split'));
    const trained = async (sound: string) => {
      const more = ['--sound', sound, '--pictures-every', '12', ...split];
      const last = (await losses(`as-${sound}`, ...more)).at(-1);
      assert.equal((await readdir(join(path(`as-${sound}`), 'pictures'))).length, 1);
      return last;
    };
    const seen = await Promise.all(['own', 'mute', 'shuffled', 'presence'].map(trained));
    assert.equal(new Set(seen).size, 4);
    await losses('again', '--sound', 'shuffled', '--stop-at', '5', ...split);
    await losses('again', '--sound', 'shuffled', '--workers', '0', ...split);
    assert.equal((await readRun(path('again'))).training['sound'], 'shuffled');
    assert.ok((await weights('again')).equals(await weights('as-shuffled')));
  });
});
