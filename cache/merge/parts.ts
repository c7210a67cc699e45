import { access, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One of the parts that several processes make of a cache. */
export interface CachePart {
  /** 0 to count − 1. */
  readonly index: number;
  readonly count: number;
}

/** Beside the parts: what is to be done, and how far it is. */
export const PLAN_FOLDER = 'plan';

const five = (number: number) => String(number).padStart(5, '0');
const PART_FOLDER = /^part-(\d{5,9})-of-(\d{5,9})$/;

/** The folder of a part, inside that of the whole: a cache of its own, with a writer of its own. */
export const partFolder = ({ index, count }: CachePart) => `part-${five(index)}-of-${five(count)}`;

/** @returns undefined when it is not the name of a part's folder */
function parsePartFolder(name: string): CachePart | undefined {
  const [, index, count] = PART_FOLDER.exec(name) ?? [];
  return index === undefined ? undefined : { index: Number(index), count: Number(count) };
}

export const isPartFolder = (name: string) => PART_FOLDER.test(name);

/** The parts that lie in a folder, by count and index; none when there is no such folder. */
export async function listParts(folder: string): Promise<CachePart[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  });
  return names
    .flatMap((name) => parsePartFolder(name) ?? [])
    .sort((a, b) => a.count - b.count || a.index - b.index);
}

/** Lies in a part from the beginning of a run to the end of its list: one that is stopped is sealed as well. */
const UNFINISHED_FILE = 'unfinished';

/** Notes that a run has begun to make a part that this process has locked for writing. */
export async function beginPart(folder: string): Promise<void> {
  await writeFile(join(folder, UNFINISHED_FILE), '');
}

/** Notes that the run has come to the end of its list. */
export async function endPart(folder: string): Promise<void> {
  await rm(join(folder, UNFINISHED_FILE), { force: true });
}

/** Whether a run was begun that has not come to its end. */
export async function isPartBegun(folder: string): Promise<boolean> {
  return access(join(folder, UNFINISHED_FILE)).then(
    () => true,
    () => false,
  );
}
