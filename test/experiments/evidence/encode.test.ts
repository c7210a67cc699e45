import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeScene } from '../../../experiments/evidence/encode.js';
import { sceneOf } from '../../../experiments/evidence/scene.js';
import { ffmpeg, scratchFolder } from '../../support/media.js';

const OPTIONS = { disturbance: 1, silent: 0 };
const scene = sceneOf({ seed: 1, split: 'train', index: 0 }, OPTIONS);
const mute = { ...scene, hasAudio: false };

describe('encodeScene', function () {
  this.timeout(30_000);
  const scratch = scratchFolder();

  it('writes 50 frames of the size, and nothing else', async () => {
    await encodeScene(scene, 48, scratch.path('clip.mp4'));
    const frames = await ffmpeg('-i', `file:${scratch.path('clip.mp4')}`, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'); // prettier-ignore
    assert.equal(frames.length, 50 * 48 * 48);
    assert.deepEqual(await readdir(scratch.path('.')), ['clip.mp4']);
  });

  it('has cleared away all else when the clip appears, as a kill may come next', async function () {
    // Only Linux tells every change of a folder, in its order.
    if (process.platform !== 'linux') this.skip();
    const folder = scratch.path('watched');
    await mkdir(folder);
    const changed: (string | null)[] = [];
    const watcher = watch(folder, (_, name) => changed.push(name));
    await encodeScene(scene, 48, `${folder}/clip.mp4`);
    await sleep(50);
    watcher.close();
    assert.ok(changed.includes('clip.mp4.pcm') && changed.includes('clip.mp4.part'));
    assert.deepEqual(changed.slice(changed.indexOf('clip.mp4')), ['clip.mp4']);
  });

  it('says in ffmpeg’s words why it could not', async () => {
    await assert.rejects(
      encodeScene(mute, 48, scratch.path('missing/clip.mp4')),
      /ffmpeg could not write .*clip\.mp4 \(code \d+\): .*No such file/s,
    );
  });

  it('leaves no clip when a frame cannot be drawn', async () => {
    const broken = { ...mute, actor: { ...mute.actor, size: null } } as unknown as typeof mute;
    await assert.rejects(encodeScene(broken, 48, scratch.path('broken.mp4')), TypeError);
    assert.ok(!(await readdir(scratch.path('.'))).some((name) => name.startsWith('broken')));
  });

  it('stops at a signal, and leaves nothing', async () => {
    const abort = new AbortController();
    const made = encodeScene(scene, 512, scratch.path('stopped.mp4'), abort.signal);
    setTimeout(() => {
      abort.abort();
    }, 100);
    await assert.rejects(made, { name: 'AbortError' });
    assert.ok(!(await readdir(scratch.path('.'))).some((name) => name.startsWith('stopped')));
  });
});
