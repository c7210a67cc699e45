import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { VALUE_TYPES } from './safetensors-types.js';

/** A tensor as it lies in a file: values in row-major order. Everything floating is float32 here. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface TensorFile {
  readonly tensors: Map<string, NamedArray>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file that is no safetensors file, or a damaged one. */
export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
}

/** The format's own limit; a header that claims more is not read. */
const MAX_HEADER = 100_000_000;

/** Bytes of one read; Node's own limit is 2 GiB − 1. */
const MAX_READ = 2 ** 30;

const index = z.number().int().min(0);
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(index),
  data_offsets: z.tuple([index, index]),
});
type Entry = z.infer<typeof entrySchema>;
const metadataSchema = z.record(z.string(), z.string());
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

async function readExactly(file: FileHandle, bytes: number, position: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytes);
  for (let done = 0; done < bytes;) {
    const length = Math.min(bytes - done, MAX_READ);
    const { bytesRead } = await file.read(buffer, done, length, position + done);
    if (bytesRead === 0) throw new SafetensorsError('it ends early');
    done += bytesRead;
  }
  return buffer;
}

async function readHeader(file: FileHandle, size: number) {
  if (size < 8) throw new SafetensorsError('it is too short');
  const prefix = await readExactly(file, 8, 0);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > MAX_HEADER || length + 8 > size)
    throw new SafetensorsError(`its header claims ${length} bytes, the file has ${size}`);
  const text = await readExactly(file, length, 8);
  let parsed: unknown;
  try {
    parsed = JSON.parse(utf8.decode(text));
  } catch (cause) {
    throw new SafetensorsError('its header is not JSON', { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new SafetensorsError('its header is not an object');
  const { __metadata__: metadata = {}, ...entries } = parsed as Record<string, unknown>;
  const checked = metadataSchema.safeParse(metadata);
  if (!checked.success) throw new SafetensorsError('its metadata is not text by names');
  const start = 8 + length;
  return { entries: checkEntries(entries, size - start), metadata: checked.data, start };
}

/** @param dataBytes that follow the header */
function checkEntries(described: Record<string, unknown>, dataBytes: number): [string, Entry][] {
  const entries = Object.entries(described).map(([name, value]): [string, Entry] => {
    const entry = entrySchema.safeParse(value);
    if (!entry.success) throw new SafetensorsError(`tensor ${name} is not described`);
    return [name, entry.data];
  });
  let end = 0;
  for (const [name, { dtype, shape, data_offsets }] of entries.toSorted(
    ([, a], [, b]) =>
      a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  )) {
    const type = VALUE_TYPES.get(dtype);
    if (type === undefined)
      throw new SafetensorsError(
        `tensor ${name} has type ${dtype}; supported are ${[...VALUE_TYPES.keys()].join(', ')}`,
      );
    const [from, to] = data_offsets;
    const count = shape.reduce((product, n) => product * n, 1);
    // Tensors that overlap would let a small file ask for any amount of memory.
    if (from < end || to - from !== count * type.bytes || to > dataBytes)
      throw new SafetensorsError(`tensor ${name} does not lie where its header says`);
    end = to;
  }
  return entries;
}

/** @param start of the data in the file */
async function readTensor(file: FileHandle, entry: Entry, start: number): Promise<NamedArray> {
  const { dtype, shape } = entry;
  const [from, to] = entry.data_offsets;
  const bytes = await readExactly(file, to - from, start + from);
  const type = VALUE_TYPES.get(dtype);
  if (dtype === 'F32' || type === undefined) return { shape, data: new Float32Array(bytes.buffer) };
  const view = new DataView(bytes.buffer);
  const data = new Float32Array(bytes.length / type.bytes);
  for (let i = 0; i < data.length; i++) data[i] = type.read(view, i * type.bytes);
  return { shape, data };
}

/**
 * Reads a safetensors file; every type becomes float32.
 * @throws SafetensorsError naming the file and what is wrong with it
 */
export async function readSafetensors(path: string): Promise<TensorFile> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const { entries, metadata, start } = await readHeader(file, size);
    const tensors = new Map<string, NamedArray>();
    for (const [name, entry] of entries) tensors.set(name, await readTensor(file, entry, start));
    return { tensors, metadata };
  } catch (cause) {
    if (!(cause instanceof SafetensorsError)) throw cause;
    throw new SafetensorsError(`${path} cannot be read as safetensors: ${cause.message}`, {
      cause,
    });
  } finally {
    await file.close();
  }
}

const valuesIn = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

/**
 * The header of float32 tensors that lie one after the other, behind its length.
 * @param tensors their shapes, by names
 */
export function safetensorsHeader(
  tensors: ReadonlyMap<string, Pick<NamedArray, 'shape'>>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let offset = 0;
  for (const [name, { shape }] of tensors) {
    if (name === '__metadata__')
      throw new SafetensorsError('no tensor can be named __metadata__, the format keeps it');
    const end = offset + 4 * valuesIn(shape);
    entries.push([name, { dtype: 'F32', shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Tensors begin at a multiple of 8 bytes, so that readers may map them.
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return header;
}

/**
 * Writes tensors as float32; the file is there whole or not at all, also after a kill.
 * @throws SafetensorsError when a tensor's values are not as many as its shape says
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, NamedArray>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const [name, { shape, data }] of tensors)
    if (valuesIn(shape) !== data.length)
      throw new SafetensorsError(
        `tensor ${name} cannot be written: its shape is [${shape.join(', ')}], it has ${data.length} values`,
      );
  const header = safetensorsHeader(tensors, metadata);
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(header);
      for (const { data } of tensors.values())
        await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
