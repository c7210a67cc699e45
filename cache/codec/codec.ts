import { canonicalJson } from '../manifest/canonical-json.js';
import { checksum } from './checksum.js';
import {
  FRAME_FORMATS,
  rawSample,
  type ClipArrays,
  type ClipShape,
  type FrameFormat,
  type FrameSize,
  type Sample,
  type SampleHeader,
  type StoredSample,
} from '../records.js';

/*
 * A record, little-endian (docs/reference/cache-format.md):
 *   0 magic "AVM2"  4 length of the record u32  8 XXH64 of all that follows u64
 *   16 number of arrays u16  18 zero u16  20 length of the header u32
 *   24 table of the arrays, 40 bytes each: name (8, zero padded), type u16, rank u16, dims 4 × u32,
 *      offset u32, length u32, zero u32
 *   header JSON, then each array at a multiple of 64, gaps zero.
 */
const MAGIC = 0x324d5641; // "AVM2"
const PRELUDE = 24;
const ENTRY = 40;
/** Arrays of a record: frames, mask and MFCC, and a log-mel spectrum where the cache has them. */
const arraysOf = ({ melBands }: Pick<ClipShape, 'melBands'>) => (melBands === undefined ? 3 : 4);
const headerAt = (arrays: number) => PRELUDE + ENTRY * arrays;
/** Of a record without a log-mel spectrum. */
export const ARRAYS = arraysOf({});
export const HEADER_AT = headerAt(ARRAYS);
const ALIGNMENT = 64;
/** Where the part that the checksum covers begins. */
const COVERED = 16;

const UINT8 = 1;
const FLOAT32 = 2;
/** A type of its own for each way to keep frames: how many bytes lossy ones take is not in their shape. */
const FRAME_TYPES: Record<FrameFormat, number> = { raw: UINT8, jpeg: 3, webp: 4 };

export const MISMATCH = 'its checksum does not match';

/** The frames are a picture, which takes time to decode: what was called gives raw frames only. */
export class EncodedFramesError extends Error {
  override name = 'EncodedFramesError';
}

/** The record is not what a writer of this format wrote; its bytes must not be used. */
export class CorruptRecordError extends Error {
  override name = 'CorruptRecordError';
}

interface Layout {
  readonly name: keyof ClipArrays;
  readonly type: number;
  readonly dims: readonly number[];
  readonly bytes: number;
}

/** @param format how frames are kept @param bytes how many they are, where they are not raw */
function layoutOf(
  shape: ClipShape,
  { height, width }: FrameSize,
  format: FrameFormat,
  bytes: number,
): readonly Layout[] {
  const { frames, positions, mfccFrames, cepstra, melBands } = shape;
  const floats = (name: 'mfcc' | 'mel', columns: number): Layout => ({
    ...{ name, type: FLOAT32 },
    dims: [mfccFrames, columns],
    bytes: mfccFrames * columns * 4,
  });
  return [
    {
      name: 'frames',
      type: FRAME_TYPES[format],
      dims: [frames, height, width, 3],
      bytes: format === 'raw' ? frames * height * width * 3 : bytes,
    },
    { name: 'mask', type: UINT8, dims: [positions], bytes: positions },
    floats('mfcc', cepstra),
    ...(melBands === undefined ? [] : [floats('mel', melBands)]),
  ];
}

const aligned = (offset: number) => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

function entryOf({ name, type, dims, bytes }: Layout, offset: number): Buffer {
  const entry = Buffer.alloc(ENTRY);
  entry.write(name, 0, 'latin1');
  entry.writeUInt16LE(type, 8);
  entry.writeUInt16LE(dims.length, 10);
  dims.forEach((dim, i) => entry.writeUInt32LE(dim, 12 + 4 * i));
  entry.writeUInt32LE(offset, 28);
  entry.writeUInt32LE(bytes, 32);
  return entry;
}

function bytesOf(array: Uint8Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** {@link encodeStored} of a sample whose frames are kept as they are. */
export function encodeRecord(sample: Sample, shape: ClipShape): Buffer {
  return encodeStored(rawSample(sample), shape);
}

/**
 * Writes a sample as one record. The same sample gives the same bytes.
 * The arrays must have been checked against `shape` ({@link assertShape}).
 * @param allocate makes the record's memory, whatever is in it
 */
export function encodeStored(
  sample: StoredSample,
  shape: ClipShape,
  // Not from Node's pool, so that arrays are aligned absolutely too.
  allocate: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafeSlow(bytes),
): Buffer {
  const header = Buffer.from(canonicalJson(sample.header));
  const { frames, mask, mfcc, mel = new Float32Array() } = sample;
  const arrays = { frames: frames.bytes, mask, mfcc, mel };
  const layout = layoutOf(shape, sample.header, frames.format, frames.bytes.length);
  const start = headerAt(layout.length);
  let end = start + header.length;
  const offsets = layout.map(({ bytes }) => {
    const offset = aligned(end);
    end = offset + bytes;
    return offset;
  });
  // Every gap is zeroed below.
  const record = allocate(end);
  record.writeUInt32LE(MAGIC, 0);
  record.writeUInt32LE(end, 4);
  record.writeUInt32LE(layout.length, 16);
  record.writeUInt32LE(header.length, 20);
  record.set(header, start);
  let written = start + header.length;
  layout.forEach((array, i) => {
    const offset = offsets[i] ?? 0;
    record.set(entryOf(array, offset), PRELUDE + ENTRY * i);
    record.fill(0, written, offset);
    record.set(bytesOf(arrays[array.name]), offset);
    written = offset + array.bytes;
  });
  record.writeBigUInt64LE(checksum(record.subarray(COVERED)), 8);
  return record;
}

/** @throws CorruptRecordError unless the condition holds */
export function check(condition: boolean, what: string): void {
  if (!condition) throw new CorruptRecordError(`the record is damaged: ${what}`);
}

function parseHeader(text: string): SampleHeader {
  try {
    return JSON.parse(text) as SampleHeader;
  } catch {
    throw new CorruptRecordError('the record is damaged: its header is not JSON');
  }
}

function arrayAt(record: Uint8Array, offset: number, length: number): Uint8Array {
  return new Uint8Array(record.buffer, record.byteOffset + offset, length);
}

function floatsAt(record: Uint8Array, offset: number, length: number): Float32Array {
  const start = record.byteOffset + offset;
  return start % 4 === 0
    ? new Float32Array(record.buffer, start, length / 4)
    : new Float32Array(arrayAt(record, offset, length).slice().buffer);
}

/**
 * Reads what follows a record's prelude: header, table and arrays, which were covered by its checksum.
 * @param upgrade completes a header of an earlier schema
 */
export function decodeBody(
  bytes: Buffer,
  headerLength: number,
  shape: ClipShape,
  key: string,
  upgrade: (header: SampleHeader) => SampleHeader = (header) => header,
): StoredSample {
  const start = headerAt(arraysOf(shape));
  const headerEnd = start + headerLength;
  const header = upgrade(parseHeader(bytes.toString('utf8', start, headerEnd)));
  check(header.key === key, `it holds sample ${header.key}, not ${key}`);
  const type = bytes.readUInt16LE(PRELUDE + 8);
  const format = FRAME_FORMATS.find((name) => FRAME_TYPES[name] === type);
  if (format === undefined)
    throw new CorruptRecordError(`its frames are of type ${type}, which this avme does not read`);
  const layout = layoutOf(shape, header, format, bytes.readUInt32LE(PRELUDE + 32));
  let end = headerEnd;
  const offsets = layout.map((array, i) => {
    const offset = aligned(end);
    end = offset + array.bytes;
    const entry = bytes.subarray(PRELUDE + ENTRY * i, PRELUDE + ENTRY * (i + 1));
    check(entryOf(array, offset).equals(entry), `its ${array.name} has not the cache's shape`);
    return offset;
  });
  check(end === bytes.length, `it has ${bytes.length} bytes, its arrays need ${end}`);
  const [frames = 0, mask = 0, mfcc = 0, mel] = offsets;
  return {
    header,
    frames: { format, bytes: arrayAt(bytes, frames, layout[0]?.bytes ?? 0) },
    mask: arrayAt(bytes, mask, shape.positions),
    mfcc: floatsAt(bytes, mfcc, layout[2]?.bytes ?? 0),
    ...(mel === undefined ? {} : { mel: floatsAt(bytes, mel, layout[3]?.bytes ?? 0) }),
  };
}

/** @throws EncodedFramesError when the frames are not kept as they are */
export function asSample({ frames, ...sample }: StoredSample): Sample {
  if (frames.format === 'raw') return { ...sample, frames: frames.bytes };
  throw new EncodedFramesError(
    `the frames of this cache are kept as ${frames.format}, to be decoded; read its samples with read()`,
  );
}

/** {@link decodeStored} of a record whose frames are kept as they are. @throws EncodedFramesError */
export function decodeRecord(record: Uint8Array, shape: ClipShape, key: string): Sample {
  return asSample(decodeStored(record, shape, key));
}

/**
 * Reads a record: its checksum, that it holds what `key` names and has the cache's shape. The arrays
 * are views of `record`, valid as long as it is; `mfcc` and `mel` are copies where `record` does not begin at a
 * multiple of four.
 * @throws CorruptRecordError
 */
export function decodeStored(record: Uint8Array, shape: ClipShape, key: string): StoredSample {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  check(bytes.length >= headerAt(arraysOf(shape)), `it ends after ${bytes.length} bytes`);
  check(bytes.readUInt32LE(0) === MAGIC, 'it does not begin with "AVM2"');
  check(bytes.readUInt32LE(4) === bytes.length, `its length is ${bytes.length}, not what it says`);
  check(bytes.readBigUInt64LE(8) === checksum(bytes.subarray(COVERED)), MISMATCH);
  check(bytes.readUInt32LE(16) === arraysOf(shape), 'it holds other arrays');
  return decodeBody(bytes, bytes.readUInt32LE(20), shape, key);
}

/** A small JSON value with its XXH64 in front: `[checksum u64][UTF-8]`. */
export function encodeChecked(value: unknown): Buffer {
  const json = Buffer.from(canonicalJson(value));
  const bytes = Buffer.allocUnsafe(8 + json.length);
  bytes.writeBigUInt64LE(checksum(json), 0);
  bytes.set(json, 8);
  return bytes;
}

/** @throws CorruptRecordError */
export function decodeChecked(bytes: Buffer): unknown {
  check(bytes.length > 8, `it ends after ${bytes.length} bytes`);
  const json = bytes.subarray(8);
  check(bytes.readBigUInt64LE(0) === checksum(json), MISMATCH);
  return JSON.parse(json.toString('utf8'));
}
