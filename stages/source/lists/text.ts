import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { constants, createGunzip, gunzipSync } from 'node:zlib';

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

const isGzip = (bytes: Buffer) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The beginning of a file as it lies there. */
async function head(path: string, length: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Whether a file is packed by gzip, whatever it is called. */
export const isPacked = async (path: string): Promise<boolean> => isGzip(await head(path, 2));

/** What zlib's words mean, with its code. */
function damaged(path: string, error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (!code.startsWith('Z_')) return error;
  const why = `${path}: the gzip file is damaged or incomplete (${message}); copy or download it again`;
  return Object.assign(new Error(why, { cause: error }), { code });
}

/**
 * The content of a list, unpacked where the file is gzip.
 * @throws Error in words, with zlib's code, where the gzip file is damaged
 */
export async function* listBytes(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path) as Readable & AsyncIterable<Buffer>;
  if (!(await isPacked(path))) {
    yield* file;
    return;
  }
  const unpacked = createGunzip();
  // Whatever fails is thrown by the loop below.
  pipeline(file, unpacked, () => undefined);
  try {
    yield* unpacked as AsyncIterable<Buffer>;
  } catch (error) {
    throw damaged(path, error);
  }
}

/**
 * The lines of a text file, without their ends; one that is packed by gzip is unpacked. Node's readline would also part lines at U+2028,
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
  const decoder = new StringDecoder('utf8');
  for await (const chunk of listBytes(path)) {
    const texts = (rest + decoder.write(chunk)).split('\n');
    rest = texts.pop() ?? '';
    for (const text of texts) yield line(text);
    if (rest.length > LONGEST)
      throw new Error(
        `${path}, line ${number + 1}: the line is longer than a million characters; this is no list of videos`,
      );
  }
  rest += decoder.end();
  if (rest !== '') yield line(rest);
}

/** The beginning of a list, as text; unpacked where the file is gzip. */
export async function peek(path: string): Promise<string> {
  const bytes = await head(path, 1 << 16);
  const text = isGzip(bytes) ? beginningOf(bytes, path) : bytes;
  return text.toString('utf8').replace(/^\uFEFF/, '');
}

function beginningOf(packed: Buffer, path: string): Buffer {
  try {
    // Not all of the file is here, which is no error.
    return gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw damaged(path, error);
  }
}

/** What was received, short enough for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
