import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeVideo } from '../support/media.js';
import { box, words } from './mp4.js';

/**
 * Any number of different videos of 12 frames and half a second of sound, 5 KB each, in no time: they
 * differ in a box that nobody reads.
 * @returns the folder that holds them, in subfolders of a thousand
 */
export async function makeTinyClips(folder: string, count: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const template = await makeVideo(join(folder, 'template.mp4.part'), {
    picture: 'testsrc2=s=64x48:r=25',
    seconds: 0.48,
    output: '-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -b:a 16k -f mp4'.split(' '),
  });
  const bytes = await readFile(template);
  for (let i = 0; i < count; i++) {
    const part = join(folder, `part-${String(Math.floor(i / 1000)).padStart(4, '0')}`);
    if (i % 1000 === 0) await mkdir(part, { recursive: true });
    await writeFile(join(part, `${i}.mp4`), Buffer.concat([bytes, box('free', words([i]))]));
  }
  return folder;
}
