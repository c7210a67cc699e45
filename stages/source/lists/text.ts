import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/** A line of a list. */
export interface Line {
  readonly text: string;
  /** Counted from 1. */
  readonly number: number;
  /** Where it stands, for messages. */
  readonly place: string;
}

/** Longer lines are those of some other file: without a bound one of them could fill the memory. */
const LONGEST = 1 << 20;

/**
 * The lines of a text file, without their ends. Node's readline would also part lines at U+2028,
 * which may stand in the name of a file.
 * @throws Error naming a line that is too long
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let rest = '';
  let number = 0;
  const line = (text: string): Line => {
    number++;
    const clean = number === 1 ? text.replace(/^\uFEFF/, '') : text;
    return { text: clean.replace(/\r$/, ''), number, place: `${path}, line ${number}` };
  };
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const texts = (rest + chunk).split('\n');
    rest = texts.pop() ?? '';
    for (const text of texts) yield line(text);
    if (rest.length > LONGEST)
      throw new Error(
        `${path}, line ${number + 1}: the line is longer than a million characters; this is no list of videos`,
      );
  }
  if (rest !== '') yield line(rest);
}

/** The beginning of a file, as text. */
export async function peek(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(1 << 16), 0, 1 << 16, 0);
    return buffer.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, '');
  } finally {
    await file.close();
  }
}

/** What was received, short enough for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
