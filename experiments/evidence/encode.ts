import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rename, rm, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SAMPLE_RATE } from '../../stages/audio/sample-rate.js';
import { FFMPEG_PATH } from '../../stages/ffmpeg/ffmpeg.js';
import { RATE } from './motion.js';
import { framesOf } from './picture.js';
import type { Scene } from './scene.js';
import { soundOf } from './sound.js';

/** Signed 16-bit samples, little-endian. */
function pcmOf(sound: Float64Array): Buffer {
  const pcm = Buffer.alloc(2 * sound.length);
  sound.forEach((value, i) => {
    pcm.writeInt16LE(Math.round(32_767 * value), 2 * i);
  });
  return pcm;
}

function optionsFor(scene: Scene, side: number, pcm: string, out: string): string[] {
  const picture = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${side}x${side}`, '-r', `${RATE}`, '-i', 'pipe:0']; // prettier-ignore
  const sound = ['-f', 's16le', '-ar', `${SAMPLE_RATE}`, '-ac', '1', '-i', `file:${pcm}`];
  // One thread and no dates: the same scene gives the same bytes.
  const h264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '17', '-pix_fmt', 'yuv420p', '-threads', '1']; // prettier-ignore
  const aac = ['-c:a', 'aac', '-b:a', '64k'];
  const exact = ['-fflags', '+bitexact', '-flags:v', '+bitexact', '-flags:a', '+bitexact'];
  return [
    ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...picture],
    ...(scene.hasAudio ? sound : []),
    ...[...h264, ...(scene.hasAudio ? aac : []), ...exact, '-f', 'mp4', `file:${out}`],
  ];
}

/**
 * Writes a clip as H.264 and AAC in an MP4. The file is there once it is whole: it is written under
 * another name. A kill leaves that behind, and the sound, but no clip; the next try overwrites both.
 * @param side of its pictures in pixels, even
 * @throws Error with ffmpeg's own words; the signal's reason when aborted
 */
export async function encodeScene(
  scene: Scene,
  side: number,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const [pcm, part] = [`${path}.pcm`, `${path}.part`];
  try {
    // An ffmpeg whose avme was killed may still be writing: it keeps its file, and we get another.
    await rm(part, { force: true });
    if (scene.hasAudio) await writeFile(pcm, pcmOf(soundOf(scene)));
    // Detached, so that Ctrl-C on a terminal reaches us alone.
    const child = spawn(FFMPEG_PATH, optionsFor(scene, side, pcm, part), {
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const stop = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', stop);
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
    const closed = (once(child, 'close') as Promise<[number | null, string | null]>).catch(
      (cause: unknown) => {
        throw new Error(`cannot start ffmpeg (${FFMPEG_PATH}): ${(cause as Error).message}; name another one with AVME_FFMPEG`, { cause }); // prettier-ignore
      },
    );
    const fed = pipeline(Readable.from(framesOf(scene, side)), child.stdin).then(
      () => undefined,
      (error: unknown) => error,
    );
    const [code, killed] = await closed.finally(() => {
      signal?.removeEventListener('abort', stop);
    });
    signal?.throwIfAborted();
    // When ffmpeg ends before it has read all, its own words say more than a broken pipe.
    if (code !== 0)
      throw new Error(
        `ffmpeg could not write ${path} (${killed ?? `code ${code}`}): ${words.trim()}`,
      );
    // It is content with too few frames: a file of these would pass for a clip.
    const failure = await fed;
    if (failure !== undefined) throw failure as Error;
    // The clip comes last: a try after a kill makes what is missing, and cleans up beside nothing else.
    await rm(pcm, { force: true });
    await rename(part, path);
  } finally {
    await Promise.all([pcm, part].map((left) => rm(left, { force: true })));
  }
}
