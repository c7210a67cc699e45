import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readQuarantine } from '../../cache/quarantine.js';
import { FFMPEG_PATH } from '../../stages/ffmpeg/ffmpeg.js';
import { avme } from '../support/cli.js';
import { makeVideo, scratchFolder } from '../support/media.js';
import { contentOf, LONG, onLinux, outlive, type Peaks, watchPeaks } from './support.js';

const fake = fileURLToPath(new URL('../../../test/torture/fake-ffmpeg.sh', import.meta.url));
const OPTIONS = '--frames 4 --stride 2 --size 32 --patch 8 --mask-ratio 0.75'.split(' ');
const LATE = /^ffmpeg took longer than 2 s and was stopped$/;

/** What an ffmpeg does to each of these files, and what is to be said of it. */
const MISDEEDS: Readonly<Record<string, RegExp>> = {
  sleep: LATE,
  // Asks to be killed with something that cannot be ignored.
  stubborn: LATE,
  spin: LATE,
  'stderr-lines': LATE,
  'stderr-line': /^ffmpeg wrote a line of more than 1048576 characters and was stopped$/,
  stdout: /^ffmpeg (wrote more than 268435456 bytes|took longer than 2 s) and was stopped$/,
  // It has ended, but a child of it holds its pipes open.
  heir: LATE,
  'heir-of-stdout': LATE,
  // The same, and the child has left its process group, where we cannot reach it.
  escaped: LATE,
  crash: /^ffmpeg crashed or was killed \(SIGSEGV\)$/,
  // Six gigabytes are too much for the machines that run every check.
  ...(LONG && { hungry: /^ffmpeg (took more than 4 GiB of memory|took longer than 2 s) and was stopped$/ }),
}; // prettier-ignore

describe('an ffmpeg that misbehaves', function () {
  this.timeout(120_000);
  onLinux();
  const scratch = scratchFolder();

  before(async () => {
    await mkdir(scratch.path('videos'));
    await makeVideo(scratch.path('videos/good.mp4'), { seconds: 1 });
    // Each of another content, for the second of two equal files is left out.
    let seconds = 1;
    for (const name of Object.keys(MISDEEDS))
      await makeVideo(scratch.path(`videos/${name}.mp4`), { seconds: (seconds += 0.04) });
  });

  it('is cut off whatever it does, and the run goes on', async () => {
    const watch: { peaks?: Peaks; stop?: () => void } = {};
    const result = await avme(
      ['preprocess', scratch.path('videos'), '--cache', scratch.path('cache'), '--json', '--jobs', '4', '--timeout', '2', ...OPTIONS],
      {
        env: { AVME_FFMPEG: fake, REAL_FFMPEG: FFMPEG_PATH },
        onStart: ({ pid }) => Object.assign(watch, watchPeaks(pid ?? 0)),
      },
    ); // prettier-ignore
    watch.stop?.();
    assert.equal(result.code, 0, result.stderr);
    const quarantine = await readQuarantine(scratch.path('cache'));
    const causes = new Map(quarantine.map(({ id, cause }) => [id, cause]));
    for (const [name, cause] of Object.entries(MISDEEDS)) {
      assert.match(causes.get(`${name}.mp4`) ?? '', cause, name);
    }
    assert.equal(causes.size, Object.keys(MISDEEDS).length);
    assert.equal((await contentOf(scratch.path('cache'))).samples.length, 1);
    // The one that escaped does not name its file any more.
    assert.deepEqual(await outlive(scratch.path('videos')), []);
    const { own, child } = watch.peaks ?? { own: NaN, child: NaN };
    process.stdout.write(`      peak memory: ours ${(own / 1e6).toFixed(0)} MB, a child's ${(child / 1e6).toFixed(0)} MB\n`); // prettier-ignore
    assert.ok(own < 700e6, `${own} bytes`);
  });

  it('that does not even start is named', async () => {
    for (const path of [scratch.path('nowhere'), scratch.path('videos/good.mp4')]) {
      const args = ['preprocess', scratch.path('videos'), '--cache', join(scratch.path('none')), ...OPTIONS]; // prettier-ignore
      const { code, stderr } = await avme(args, { env: { AVME_FFMPEG: path } });
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^avme: cannot start ffmpeg \(.*(nowhere|good\.mp4)\): .*AVME_FFMPEG\n$/,
      );
    }
  });

  it('that Ctrl-C has reached before it could leave our group is no failure of its own', async () => {
    const script = scratch.path('interrupted.sh');
    await writeFile(script, '#!/bin/sh\nkill -INT $PPID $$\n', { mode: 0o755 });
    const args = ['preprocess', scratch.path('videos'), '--cache', scratch.path('none'), ...OPTIONS]; // prettier-ignore
    const { code, stderr } = await avme(args, { env: { AVME_FFMPEG: script } });
    assert.equal(code, 130, stderr);
    assert.doesNotMatch(stderr, /cannot start/);
  });

  it('is not the file of somebody who stops it', async () => {
    // As Slurm does, which ends all processes of a job: no video is to blame for that.
    const source = scratch.path('one');
    await mkdir(source);
    await copyFile(scratch.path('videos/good.mp4'), join(source, 'term.mp4'));
    const args = ['preprocess', source, '--cache', scratch.path('stopped'), ...OPTIONS];
    const env = { AVME_FFMPEG: fake, REAL_FFMPEG: FFMPEG_PATH };
    const { code, stderr } = await avme(args, { env });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /somebody stopped ffmpeg while it read .*term\.mp4; no video is to blame/);
    assert.deepEqual(await readQuarantine(scratch.path('stopped')), []);
  });
});
