import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeVideo } from './media.js';

/** Four of the classes: number in `classInd.txt`, folder, name in its files, sound. One is the trap. */
const CLASSES = [
  { number: 1, folder: 'ApplyEyeMakeup', name: 'ApplyEyeMakeup', sound: 'sine=f=300:r=44100' },
  { number: 37, folder: 'HandstandPushups', name: 'HandStandPushups', sound: 'anoisesrc=a=0.3' },
  { number: 59, folder: 'PlayingCello', name: 'PlayingCello', sound: 'sine=f=120:r=44100' },
  { number: 101, folder: 'YoYo', name: 'YoYo', sound: null },
] as const;

/** The groups of one person and place each; a division tests on some of them. */
const GROUPS = ['01', '08', '15', '22'] as const;

/**
 * A stand-in for UCF101: `UCF-101/Class/v_Class_gNN_c01.avi`, 320×240, 25 fps, MPEG-4 and MP3, and
 * `ucfTrainTestlist/` with the lists of three divisions, which end their lines with CR LF.
 */
export async function makeUcf101(folder: string): Promise<void> {
  const lists = join(folder, 'ucfTrainTestlist');
  await mkdir(lists, { recursive: true });
  const files: Record<string, string[]> = { 'classInd.txt': [] };
  const line = (list: string, words: string) => (files[list] ??= []).push(`${words}\r\n`);
  for (const [i, { number, folder: label, name, sound }] of CLASSES.entries()) {
    line('classInd.txt', `${number} ${label}`);
    await mkdir(join(folder, 'UCF-101', label), { recursive: true });
    for (const [j, group] of GROUPS.entries()) {
      const path = `${label}/v_${name}_g${group}_c01.avi`;
      for (const fold of [1, 2, 3])
        if (j === fold - 1) line(`testlist0${fold}.txt`, path);
        else line(`trainlist0${fold}.txt`, `${path} ${number}`);
      await makeVideo(join(folder, 'UCF-101', path), {
        picture: `testsrc2=s=320x240:r=25,hue=h=${80 * i + 10 * j}`,
        sound,
        seconds: 3,
        output: ['-c:v', 'mpeg4', '-vtag', 'XVID', '-q:v', '8', '-c:a', 'libmp3lame'],
      });
    }
  }
  for (const [name, lines] of Object.entries(files))
    await writeFile(join(lists, name), lines.join(''));
}
