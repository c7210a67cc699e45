import { pipeline, Readable, type Duplex } from 'node:stream';
import { streamArray } from 'stream-json/streamers/stream-array.js';
import { streamObject } from 'stream-json/streamers/stream-object.js';
import { listBytes, readLines } from './text.js';

/** A member of the file's outermost object or array. */
export interface JsonItem {
  readonly key: string | number;
  readonly value: unknown;
}

/** The line at which the parser gives up; only worth finding once it has. */
async function findLine(path: string, parser: Duplex): Promise<string> {
  parser.on('error', () => undefined).resume();
  const write = (text: string) =>
    new Promise<void>((resolve, reject) => {
      parser.write(text, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  let last = path;
  try {
    for await (const { text, place } of readLines(path)) {
      last = place;
      await write(`${text}\n`);
    }
  } catch {
    return last;
  }
  return `${path}, at its end`;
}

/**
 * The members of a JSON file of any size, one after the other: no more than one is in memory.
 * @param outermost what the file is
 * @throws Error naming file and line when it is not JSON, or not of that kind
 */
export async function* jsonItems(
  path: string,
  outermost: 'object' | 'array',
): AsyncGenerator<JsonItem> {
  const parse = () =>
    outermost === 'object' ? streamObject.withParserAsStream() : streamArray.withParserAsStream();
  const parser = parse();
  // Whatever fails is thrown by the loop below.
  pipeline(Readable.from(listBytes(path)), parser, () => undefined);
  try {
    for await (const item of parser) yield item as JsonItem;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    const { message } = error as Error;
    throw new Error(`${await findLine(path, parse())}: not JSON as it should be (${message})`, {
      cause: error,
    });
  }
}
