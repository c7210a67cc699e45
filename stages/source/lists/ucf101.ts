import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parseListLine, type ListedVideo } from './csv.js';
import { LineError, WrongLines } from './line-error.js';
import { quoted, readLines, type Line } from './text.js';
import type { VideoSource } from '../video-source.js';

export const UCF101_LIST = /^(train|test)list(\d+)\.txt$/i;
const CLASSES_FILE = 'classInd.txt';

interface Split {
  readonly list: string;
  readonly split: string;
}

/** The lists of a folder that belong to a division, or the one list that was given. */
async function listsOf(path: string, fold: number): Promise<Split[]> {
  const split = (name: string) => UCF101_LIST.exec(name)?.[1]?.toLowerCase();
  if (!(await stat(path)).isDirectory()) {
    const own = split(basename(path));
    if (own === undefined)
      throw new Error(
        `${path} is no list of UCF101; give trainlist01.txt, testlist01.txt or their folder`,
      );
    return [{ list: path, split: own }];
  }
  const names = (await readdir(path)).filter((name) => UCF101_LIST.test(name)).sort();
  const number = (name: string) => Number(UCF101_LIST.exec(name)?.[2]);
  const lists = names
    .filter((name) => number(name) === fold)
    // In the order of training and test.
    .sort((a, b) => (a < b ? 1 : -1))
    .map((name) => ({ list: join(path, name), split: split(name) ?? '' }));
  if (lists.length === 0)
    throw new Error(
      `${path} has no trainlist0${fold}.txt; it has ${names.join(', ') || 'no list of UCF101'}: give another --fold`,
    );
  return lists;
}

/** "1 ApplyEyeMakeup" a line. @returns null when there is no such file */
async function readClasses(folder: string): Promise<Map<number, string> | null> {
  const path = join(folder, CLASSES_FILE);
  if ((await stat(path).catch(() => null)) === null) return null;
  const classes = new Map<number, string>();
  for await (const { text, place } of readLines(path)) {
    if (text.trim() === '') continue;
    const match = /^\s*(\d+)\s+(\S.*?)\s*$/.exec(text);
    if (match?.[2] === undefined)
      throw new Error(
        `${place}: got ${quoted(text)}; a line is a class and its name: 1 ApplyEyeMakeup`,
      );
    classes.set(Number(match[1]), match[2]);
  }
  return classes;
}

/** The class that the path speaks of: its folder, or the name of a file of UCF101. */
function classOfPath(path: string): string | null {
  const folder = dirname(path);
  if (folder !== '.') return basename(folder);
  return /^v_(.+)_g\d+_c\d+\./.exec(path)?.[1] ?? null;
}

/** @throws Error when number, name and folder do not say the same class */
function labelOf(
  { path, label }: ListedVideo,
  { place, text }: Line,
  classes: Map<number, string> | null,
): string {
  const fail = (why: string): never => {
    throw new LineError(place, text, why);
  };
  const inPath = classOfPath(path);
  if (label !== null && !/^\d+$/.test(label)) fail('the class is a number: ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1'); // prettier-ignore
  const byNumber = label === null ? null : (classes?.get(Number(label)) ?? null);
  if (label !== null && classes !== null && byNumber === null)
    fail(`${CLASSES_FILE} has no class ${label}; it has ${classes.size}, from ${Math.min(...classes.keys())} to ${Math.max(...classes.keys())}`); // prettier-ignore
  if (byNumber !== null && inPath !== null && byNumber !== inPath)
    fail(`class ${label ?? ''} is ${byNumber} in ${CLASSES_FILE}, but the path says ${inPath}`);
  return byNumber ?? inPath ?? label ?? fail(`its class is neither in the path nor in the line; the line should be like ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi`); // prettier-ignore
}

/** @throws LineError */
function videoOf(line: Line, classes: Map<number, string> | null) {
  const video = parseListLine(line.text);
  if (video === null)
    throw new LineError(
      line.place,
      line.text,
      'a line is a video and, for training, the number of its class: ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1',
    );
  return { path: video.path, label: labelOf(video, line, classes) };
}

/** Where the videos lie when nobody says it: the official archives unpack side by side. */
async function findRoot(folder: string, names: readonly string[]): Promise<string> {
  for (const root of [
    folder,
    join(folder, 'UCF-101'),
    dirname(folder),
    join(dirname(folder), 'UCF-101'),
  ])
    // prettier-ignore
    for (const name of names)
      if ((await stat(join(root, name)).catch(() => null)) !== null) return root;
  return folder;
}

async function firstNames(list: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { text } of readLines(list)) {
    names.push(parseListLine(text)?.path ?? '');
    if (names.length >= 20) break;
  }
  return names.filter(Boolean);
}

/**
 * The official lists of UCF101: `trainlist0N.txt` and `testlist0N.txt`, with the classes' names from
 * `classInd.txt` beside them, and otherwise from the videos' folders.
 * @param path the folder of the lists, or one of them; absolute
 * @param fold which of the divisions, where `path` is a folder
 * @param videos folder of the class folders; default: looked for beside the lists
 */
export async function ucf101Source(
  path: string,
  fold: number,
  videos?: string,
): Promise<VideoSource> {
  const lists = await listsOf(path, fold);
  const first = lists[0]?.list ?? path;
  const folder = dirname(first);
  const root = videos ?? (await findRoot(folder, await firstNames(first)));
  return {
    kind: 'ucf101',
    path,
    root,
    async *entries(_ignored, wrong) {
      const right = new WrongLines(wrong);
      const classes = await readClasses(folder);
      for (const { list, split } of lists)
        for await (const line of readLines(list)) {
          if (line.text.trim() === '') continue;
          const video = right.read(() => videoOf(line, classes));
          if (video === undefined) continue;
          const { path: id, label } = video;
          yield { path: resolve(root, id), id, label, split, start: null, end: null };
        }
      right.end();
    },
    fileOf: ({ path }) => relative(root, path),
  };
}
