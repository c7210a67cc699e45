import { crc32 } from 'node:zlib';
import { ARRAYS, check, decodeBody, HEADER_AT, MISMATCH } from './codec.js';
import type { ClipShape, SampleHeader, StoredSample } from '../records.js';

/*
 * Records of schema 1, which are read but not written any more. Only their first 24 bytes differ:
 *   0 magic "AVME"  4 CRC-32 of all that follows u32  8 codec version 1 u16  10 number of arrays u16
 *   12 offset of the header u32  16 its length u32  20 length of the record u32
 */
const MAGIC = 0x454d5641; // "AVME"
const COVERED = 8;

/** The JSON of a header and the square size that all frames of its cache have. */
export const upgradeHeader = (
  header: SampleHeader,
  { size }: Pick<ClipShape, 'size'>,
): SampleHeader => ({
  ...header,
  height: size,
  width: size,
});

/** As `decodeStored` of codec.ts. @throws CorruptRecordError */
export function decodeRecordV1(record: Uint8Array, shape: ClipShape, key: string): StoredSample {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  check(bytes.length >= HEADER_AT, `it ends after ${bytes.length} bytes`);
  check(bytes.readUInt32LE(0) === MAGIC, 'it does not begin with "AVME"');
  check(bytes.readUInt32LE(20) === bytes.length, `its length is ${bytes.length}, not what it says`);
  check(bytes.readUInt32LE(4) === crc32(bytes.subarray(COVERED)), MISMATCH);
  check(bytes.readUInt16LE(8) === 1, 'it has another codec version than its cache');
  check(bytes.readUInt16LE(10) === ARRAYS, 'it holds other arrays');
  check(bytes.readUInt32LE(12) === HEADER_AT, 'its header is not where it should be');
  return decodeBody(bytes, bytes.readUInt32LE(16), shape, key, (header) =>
    upgradeHeader(header, shape),
  );
}

/** As `decodeChecked` of codec.ts. @throws CorruptRecordError */
export function decodeCheckedV1(bytes: Buffer): unknown {
  check(bytes.length > 4, `it ends after ${bytes.length} bytes`);
  const json = bytes.subarray(4);
  check(bytes.readUInt32LE(0) === crc32(json), MISMATCH);
  return JSON.parse(json.toString('utf8'));
}
