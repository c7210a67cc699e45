import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';

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

const index = z.number().int().min(0);
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(index),
  data_offsets: z.tuple([index, index]),
});
type Entry = z.infer<typeof entrySchema>;

function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** How a value of each type is read; all become float32, which keeps counters exact up to 2^24. */
const READERS: Record<string, { bytes: number; read: (view: DataView, at: number) => number }> = {
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, read: (view, at) => halfToFloat(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => bfloatToFloat(view.getUint16(at, true)) },
  I64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  I32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  U8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, read: (view, at) => view.getUint8(at) },
};

const scratch = new DataView(new ArrayBuffer(4));
function bfloatToFloat(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

async function readExactly(file: FileHandle, bytes: number, position: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytes);
  for (let done = 0; done < bytes;) {
    const { bytesRead } = await file.read(buffer, done, bytes - done, position + done);
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
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(await readExactly(file, length, 8)));
  } catch (cause) {
    throw new SafetensorsError('its header is not JSON', { cause });
  }
  if (typeof parsed !== 'object' || parsed === null)
    throw new SafetensorsError('its header is not an object');
  const { __metadata__: metadata = {}, ...entries } = parsed as Record<string, unknown>;
  return { entries, metadata: z.record(z.string(), z.string()).parse(metadata), start: 8 + length };
}

async function readTensor(
  file: FileHandle,
  name: string,
  entry: Entry,
  start: number,
  size: number,
) {
  const reader = READERS[entry.dtype];
  if (reader === undefined)
    throw new SafetensorsError(`tensor ${name} has type ${entry.dtype}, which is not supported`);
  const count = entry.shape.reduce((product, n) => product * n, 1);
  const [from, to] = entry.data_offsets;
  if (to - from !== count * reader.bytes || start + to > size)
    throw new SafetensorsError(`tensor ${name} does not lie where its header says`);
  const bytes = await readExactly(file, to - from, start + from);
  if (entry.dtype === 'F32') return { shape: entry.shape, data: new Float32Array(bytes.buffer) };
  const view = new DataView(bytes.buffer);
  const data = Float32Array.from({ length: count }, (_, i) => reader.read(view, i * reader.bytes));
  return { shape: entry.shape, data };
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
    for (const [name, value] of Object.entries(entries)) {
      const entry = entrySchema.safeParse(value);
      if (!entry.success) throw new SafetensorsError(`tensor ${name} is not described`);
      tensors.set(name, await readTensor(file, name, entry.data, start, size));
    }
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

/** Writes tensors as float32; the file is there whole or not at all, also after a kill. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, NamedArray>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Tensors begin at a multiple of 8 bytes, so that readers may map them.
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
  padded.set(text);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(length);
    await file.writeFile(padded);
    for (const { data } of tensors.values())
      await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error;
  }
  await file.close();
  await rename(temporary, path);
}
