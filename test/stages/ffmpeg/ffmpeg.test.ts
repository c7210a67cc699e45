import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { contentHash } from '../../../stages/source/content-hash.js';
import { ffmpegVersion, runFfmpeg } from '../../../stages/ffmpeg/ffmpeg.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const children = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap');

describe('running ffmpeg', () => {
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24'];
  let video = '';
  before(async () => {
    video = await makeVideo(scratch.path('video.mp4'));
    await promisify(execFile)('mkfifo', [scratch.path('hang.mp4')]);
  });
  afterEach(async () => {
    // Node lets go of a process that has ended a turn later.
    for (let i = 0; i < 5 && children().length > 0; i++) await turn();
    assert.deepEqual(children(), [], 'a process was left behind');
  });

  it('tells its version', async () => {
    assert.match(await ffmpegVersion(), /^\S+$/);
  });

  it('hands on what it writes', async () => {
    let bytes = 0;
    const { succeeded, complaints } = await runFfmpeg({ stage: 'test', path: video, outputOptions: raw, maxBytes: 1e8, timeout: 60, onOutput: (chunk) => { bytes += chunk.length; } }); // prettier-ignore
    assert.deepEqual([succeeded, complaints, bytes], [true, [], 50 * 160 * 120 * 3]);
  });

  it('stops it at its deadline', async () => {
    await assert.rejects(
      runFfmpeg({ stage: 'test', path: scratch.path('hang.mp4'), outputOptions: raw, maxBytes: 1, timeout: 0.2 }),
      { name: 'StageError', stage: 'test', cause: 'ffmpeg took longer than 0.2 s and was stopped' },
    ); // prettier-ignore
  });

  it('stops it when it writes too much', async () => {
    await assert.rejects(
      runFfmpeg({ stage: 'test', path: video, outputOptions: raw, maxBytes: 100_000, timeout: 60 }),
      { cause: /wrote more than 100000 bytes/ },
    );
  });

  it('stops it when aborted, before and after the start', async () => {
    const task = { stage: 'test', path: scratch.path('hang.mp4'), outputOptions: raw, maxBytes: 1, timeout: 60 }; // prettier-ignore
    await assert.rejects(runFfmpeg({ ...task, signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    for (const delay of [0, 1, 100])
      await assert.rejects(runFfmpeg({ ...task, signal: AbortSignal.timeout(delay) }), { name: 'TimeoutError' }); // prettier-ignore
  });

  it('does not take what a killed one has written for the whole', async () => {
    const task = runFfmpeg({ stage: 'test', path: scratch.path('hang.mp4'), outputOptions: raw, maxBytes: 1, timeout: 60 }); // prettier-ignore
    const outcome = assert.rejects(task, { cause: 'ffmpeg crashed or was killed (SIGSEGV)' });
    const ours = async () => (await promisify(execFile)('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)])).stdout; // prettier-ignore
    let pid = '';
    while (pid === '') pid = /(\d+) .*hang\.mp4/.exec(await ours())?.[1] ?? '';
    process.kill(Number(pid), 'SIGSEGV');
    await outcome;
  });

  it('takes file names as data', async () => {
    for (const name of ["quo'te \".mp4", '-dash.mp4', 'per%03d.mp4', 'new\nline.mp4', 'http:x.mp4', 'concat:a|b.mp4', 'te[s]t_*?.mp4', 'ünï.mp4']) {
      await copyFile(video, scratch.path(name));
      assert.equal((await indexVideo(scratch.path(name), { timeout: 60 })).times.length, 50, name);
    } // prettier-ignore
  });

  it('reads no other file for a video that names one', async () => {
    const scripts = {
      'list.mp4': `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://${video}\n#EXT-X-ENDLIST\n`,
      'concat.avi': `ffconcat version 1.0\nfile 'video.mp4'\n`,
      'other.mkv': `<?xml version="1.0"?><MPD><BaseURL>${video}</BaseURL></MPD>`,
    };
    for (const [name, text] of Object.entries(scripts)) {
      await writeFile(scratch.path(name), text);
      await assert.rejects(indexVideo(scratch.path(name), { timeout: 60 }), {
        name: 'StageError',
        cause: /not read as video|cannot be read as video/,
      });
    }
  });
});

describe('the hash of a file', () => {
  it('is that of its content', async () => {
    await writeFile(scratch.path('abc'), 'abc');
    assert.equal(
      await contentHash(scratch.path('abc')),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('needs a file with something in it', async () => {
    await writeFile(scratch.path('empty'), '');
    const causes = { empty: 'the file is empty', none: 'the file does not exist', 'hang.mp4': 'it is no ordinary file', '': 'it is no ordinary file' }; // prettier-ignore
    for (const [name, cause] of Object.entries(causes))
      await assert.rejects(contentHash(scratch.path(name)), { name: 'StageError', stage: 'read', cause }); // prettier-ignore
  });
});
