import { appendFile, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createReadStream } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import type { VideoEntry } from '../../cache/records.js';
import { partOfHash } from '../../stages/source/select.js';

/** Characters of lines that are kept before they go to their lists. */
const BUFFERED = 64 * 1024 ** 2;

/** The line of a video in a list, which may be mounted elsewhere on another machine. */
export function lineOf({ path, ...entry }: VideoEntry, root: string): string {
  const inside = relative(root, path);
  const outside = inside.startsWith('..') || isAbsolute(inside);
  const { id, label, split, start, end } = entry;
  return JSON.stringify({ path: outside ? path : inside, id, label, split, start, end });
}

/** Lines on their way to many files, of which only one is open at a time. */
class Lists {
  private readonly lines = new Map<string, string[]>();
  private buffered = 0;

  async add(path: string, line: string): Promise<void> {
    const lines = this.lines.get(path);
    if (lines === undefined) this.lines.set(path, [line]);
    else lines.push(line);
    this.buffered += line.length;
    if (this.buffered > BUFFERED) await this.flush();
  }

  async flush(): Promise<void> {
    for (const [path, lines] of this.lines) await appendFile(path, `${lines.join('\n')}\n`);
    this.lines.clear();
    this.buffered = 0;
  }
}

/**
 * Deals the lines of a spool out to the lists of their parts, each list in the order of the spool.
 * @param spool each line begins with the hash of its file and a tab
 * @param pathOf the list of a part; there is no such file yet
 */
export async function dealOut(
  spool: string,
  count: number,
  pathOf: (part: number) => string,
): Promise<void> {
  // A part without videos has a list, too.
  for (let part = 0; part < count; part++) await (await open(pathOf(part), 'wx')).close();
  const lists = new Lists();
  for await (const line of createInterface({
    input: createReadStream(spool),
    crlfDelay: Infinity,
  })) {
    const tab = line.indexOf('\t');
    await lists.add(pathOf(partOfHash(BigInt(line.slice(0, tab)), count)), line.slice(tab + 1));
  }
  await lists.flush();
}
