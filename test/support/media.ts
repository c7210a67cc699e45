import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FFMPEG_PATH } from '../../stages/ffmpeg/ffmpeg.js';

const run = promisify(execFile);

/** A folder for one test file's media; removed when its tests are over. */
export function scratchFolder(): { readonly path: (name: string) => string } {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'avme-test-'));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  return { path: (name) => join(folder, name) };
}

/** Runs ffmpeg by itself, without any of the product's code, and returns what it writes. */
export async function ffmpeg(...args: string[]): Promise<Buffer> {
  const { stdout } = await run(FFMPEG_PATH, ['-nostdin', '-y', '-loglevel', 'error', ...args], {
    encoding: 'buffer',
    maxBuffer: 1 << 30,
  });
  return stdout;
}

export interface MediaOptions {
  /** Source of the picture as a lavfi graph; null for none. Default: a test picture that counts. */
  readonly picture?: string | null;
  /** Source of the sound as a lavfi graph; null for none. Default: a 440 Hz tone. */
  readonly sound?: string | null;
  /** Seconds by which the sound starts later than the picture. */
  readonly soundOffset?: number;
  readonly seconds?: number;
  /** Options of the output: codecs, filters. */
  readonly output?: readonly string[];
}

/** The default picture: 160×120 at 25 fps, every frame different. */
export const TEST_PICTURE = 'testsrc2=s=160x120:r=25';
export const TEST_SOUND = 'sine=f=440:r=44100';

/** Makes a small video; the container follows from the name. */
export async function makeVideo(path: string, options: MediaOptions = {}): Promise<string> {
  const { picture = TEST_PICTURE, sound = TEST_SOUND, seconds = 2, soundOffset = 0 } = options;
  await ffmpeg(
    ...(picture === null ? [] : ['-f', 'lavfi', '-i', picture]),
    ...(sound === null ? [] : ['-itsoffset', String(soundOffset), '-f', 'lavfi', '-i', sound]),
    ...['-t', String(seconds), ...(options.output ?? []), `file:${path}`],
  );
  return path;
}
