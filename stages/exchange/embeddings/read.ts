import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { npyHeader } from '../npy.js';
import { embeddingInfo, embeddingRow, type EmbeddingInfo, type EmbeddingRow } from './rows.js';
import { besideEmbeddings } from './write.js';

/** Bytes that are read, and vectors that are compared, at a time. */
const BLOCK = 8 << 20;

/** Embeddings that `avme embed` has written, one vector a row. */
export interface Embeddings {
  readonly info: EmbeddingInfo;
  /** Rows, and values of each. */
  readonly count: number;
  readonly width: number;
  /** @throws ZodError when the row is damaged */
  readonly row: (index: number) => EmbeddingRow;
  /** The rows of this key or id. */
  readonly find: (keyOrId: string) => number[];
  /** `[width]` */
  readonly vector: (index: number) => Promise<Float32Array>;
  /** All vectors, in the order of the rows: `[n, width]` float32 a block, of at most 8 MiB. */
  readonly blocks: () => AsyncGenerator<Float32Array>;
}

async function json(path: string, index: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new Error(`${index} lacks ${path}, which avme embed writes beside it`, { cause });
  }
}

/** The bytes in front of the vectors, which end the file in both formats. */
async function headerBytes(path: string, shape: readonly number[]): Promise<number> {
  if (extname(path).toLowerCase() === '.npy') return npyHeader('<f4', shape).length;
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return 8 + Number(buffer.readBigUInt64LE());
  } finally {
    await file.close();
  }
}

/**
 * Opens a `.npy` or `.safetensors` file of {@link writeEmbeddings}.
 * @throws Error when it is not there, of another format, of all tokens, or not as its `.info.json` says
 */
export async function openEmbeddings(path: string): Promise<Embeddings> {
  if (!['.npy', '.safetensors'].includes(extname(path).toLowerCase()))
    throw new Error(`${path}: a collection to search is an .npy or .safetensors file of avme embed`); // prettier-ignore
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new Error(`${path} is not there; avme embed writes it`);
  const info = embeddingInfo.parse(await json(besideEmbeddings(path, '.info.json'), path));
  const [count = 0, width = 0, ...more] = info.shape;
  if (more.length > 0)
    throw new Error(`${path} holds all tokens of a clip; make it without --tokens`);
  const start = await headerBytes(path, info.shape);
  const names = besideEmbeddings(path, '.rows.jsonl');
  // Lines are parsed where they are asked for: a million rows take ten seconds.
  const lines = (await readFile(names, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  if (found.size !== start + 4 * count * width || lines.length !== count)
    throw new Error(`${path}, ${names} and the .info.json do not belong together: make them again by avme embed`); // prettier-ignore
  const bytes = 4 * width;
  const row = (index: number) => embeddingRow.parse(JSON.parse(lines[index] ?? 'null'));
  return {
    ...{ info, count, width, row },
    find(keyOrId) {
      const quoted = JSON.stringify(keyOrId);
      const named = (line: string, index: number) => {
        if (!line.includes(quoted)) return [];
        const { key, id } = row(index);
        return key === keyOrId || id === keyOrId ? [index] : [];
      };
      return lines.flatMap(named);
    },
    async vector(index) {
      const file = await open(path);
      try {
        const { buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, start + index * bytes);
        return new Float32Array(new Uint8Array(buffer).buffer);
      } finally {
        await file.close();
      }
    },
    blocks: () => blocksOf(path, start, bytes),
  };
}

/** @param bytes of one vector */
async function* blocksOf(path: string, start: number, bytes: number): AsyncGenerator<Float32Array> {
  const highWaterMark = bytes * Math.max(1, Math.floor(BLOCK / bytes));
  // A stream may give less than it was asked for: a vector can end in the next chunk.
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { start, highWaterMark })) {
    const read = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    const whole = read.length - (read.length % bytes);
    // A copy: the chunk may begin anywhere, floats at a multiple of four bytes.
    if (whole > 0) yield new Float32Array(new Uint8Array(read.subarray(0, whole)).buffer);
    rest = read.subarray(whole);
  }
}
