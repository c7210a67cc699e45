import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { avme, AVME, refused } from '../support/cli.js';
import { makeVideo, scratchFolder } from '../support/media.js';
import { slow } from '../support/slow.js';
import { blocksOf, hasSlurm, Slurm } from '../support/slurm.js';
import { contentOf } from '../torture/support.js';

const PAGE = fileURLToPath(new URL('../../../docs/how-to/many-machines.md', import.meta.url));
const OPTIONS = '--frames 4 --stride 2 --size 32 --patch 8 --mask-ratio 0.75'.split(' ');
const VIDEOS = 8;

slow.describe('avme on Slurm, as the guide says', function () {
  this.timeout(240_000);
  const scratch = scratchFolder();
  let slurm: Slurm | undefined;

  before(async function () {
    if (!hasSlurm()) this.skip();
    await mkdir(scratch.path('videos'));
    for (let i = 0; i < VIDEOS; i++)
      await makeVideo(scratch.path(`videos/${i}.mp4`), { picture: `testsrc2=s=64x48:r=25,hue=h=${i * 40}`, seconds: 1 }); // prettier-ignore
    await mkdir(scratch.path('bin'));
    await writeFile(scratch.path('bin/avme'), `#!/bin/sh\nexec '${process.execPath}' '${AVME}' "$@"\n`, { mode: 0o755 }); // prettier-ignore
  });
  after(() => slurm?.stop());

  it('a cancelled task ends the merge that waits for it, and its part is made when it is asked for again', async () => {
    const path = `${scratch.path('bin')}:${process.env['PATH'] ?? ''}`;
    slurm = await Slurm.start(scratch.path('slurm'), { PATH: path });
    const [script = '', commands = ''] = await blocksOf(PAGE, 'Slurm');
    // This cluster has two nodes of one core; the rest is the guide's own text.
    const here = (text: string) =>
      [
        [/\/shared\/(\w+)/g, scratch.path('$1')],
        [/--array=0-15/, '--array=0-3'],
        [/ID\/16"/, 'ID/4"'],
        [/--cpus-per-task=8/, '--cpus-per-task=1'],
        [/#SBATCH --mem=8G\n/, `#SBATCH --output=${scratch.path('out-%a.txt')}\n`],
        [/--parts 64/, `--parts 4 ${OPTIONS.join(' ')}`],
        [/--wrap/, `--output=${scratch.path('merge.txt')} --wrap`],
      ].reduce((all, [from, to]) => all.replace(from as RegExp, to as string), text);
    await writeFile(scratch.path('work.sh'), here(script));
    const env = { ...process.env, PATH: path, SLURM_CONF: join(scratch.path('slurm'), 'slurm.conf') }; // prettier-ignore
    const shell = (text: string) =>
      promisify(execFile)('bash', ['-ec', text], { env, cwd: scratch.path('') });

    // Held until one of its tasks is cancelled: which would be first, otherwise, is chance.
    const { stdout } = await shell(
      here(commands).replace('sbatch --parsable', 'sbatch --hold --parsable') + 'echo "job $JOB"\n',
    );
    const job = /^job (\d+)$/m.exec(stdout)?.[1] ?? '';
    await slurm.call('scancel', `${job}_2`);
    await slurm.call('scontrol', 'release', job);
    await slurm.idle();
    const cache = scratch.path('cache');
    await refused(['merge', cache], 1, /1 of 4 parts cannot be joined yet/);

    const again = here(commands).split('\n').slice(1).join('\n');
    await shell(again.replace('work.sh', '--array=2 work.sh'));
    await slurm.idle();
    const whole = scratch.path('whole');
    const one = await avme(['preprocess', scratch.path('videos'), '--cache', whole, ...OPTIONS]);
    assert.equal(one.code, 0, one.stderr);
    const [made, expected] = [await contentOf(cache), await contentOf(whole)];
    assert.equal(made.samples.length, VIDEOS);
    assert.deepEqual(made.samples, expected.samples);
  });
});
