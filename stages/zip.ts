import { crc32, inflateRawSync } from 'node:zlib';

/*
 * As much of the ZIP format (APPNOTE.TXT of PKWARE) as an .npz file needs: whole files in memory,
 * below 4 GiB; written stored, read stored or deflated.
 */
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;
const MAX_COMMENT = 0xffff;
const LIMIT = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
/** 1 January 1980, midnight: the same files give the same archive. */
const DATE = 0x0021;
/** Version 2.0 of the format; names are UTF-8. */
const NEEDED = 20;
const UTF8 = 0x0800;

/** The bytes are not an archive that can be read here, or are damaged. */
export class ZipError extends Error {
  override name = 'ZipError';
}

/** A file in an archive; its content may come in pieces. */
export interface ZipFile {
  readonly name: string;
  readonly content: readonly Uint8Array[];
}

/** What local and central header share: from the version that is needed to the length of the name. */
function commonFields(name: Buffer, crc: number, size: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(NEEDED, 0);
  fields.writeUInt16LE(UTF8, 2);
  fields.writeUInt16LE(STORED, 4);
  fields.writeUInt16LE(DATE, 8);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(size, 14);
  fields.writeUInt32LE(size, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}

/** An archive of these files, stored, in pieces to be written one after the other. */
export function encodeZip(files: readonly ZipFile[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name: text, content } of files) {
    const name = Buffer.from(text);
    const size = content.reduce((sum, piece) => sum + piece.length, 0);
    const crc = content.reduce((value, piece) => crc32(piece, value), 0);
    const common = commonFields(name, crc, size);
    const central = Buffer.alloc(CENTRAL_SIZE);
    central.writeUInt32LE(CENTRAL, 0);
    central.writeUInt16LE(NEEDED, 4);
    central.set(common, 6);
    central.writeUInt32LE(offset, 42);
    directory.push(central, name);
    const signature = Buffer.alloc(4);
    signature.writeUInt32LE(LOCAL, 0);
    pieces.push(signature, common, name, ...content);
    offset += LOCAL_SIZE + name.length + size;
    if (offset > LIMIT) throw new RangeError(`zip: ${text} makes the archive larger than 4 GiB`);
  }
  const end = Buffer.alloc(END_SIZE);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.reduce((sum, { length }) => sum + length, 0), 12); // prettier-ignore
  end.writeUInt32LE(offset, 16);
  return [...pieces, ...directory, end];
}

function findEnd(bytes: Buffer): number {
  for (
    let at = bytes.length - END_SIZE;
    at >= Math.max(0, bytes.length - END_SIZE - MAX_COMMENT);
    at--
  )
    // prettier-ignore
    if (bytes.readUInt32LE(at) === END) return at;
  throw new ZipError('it does not end as a ZIP file does');
}

function contentOf(bytes: Buffer, entry: number, name: string, limit: number): Buffer {
  const method = bytes.readUInt16LE(entry + 10);
  const [packed, size, local] = [20, 24, 42].map((at) => bytes.readUInt32LE(entry + at)) as [number, number, number]; // prettier-ignore
  if ([packed, size, local].includes(LIMIT)) throw new ZipError(`${name} is of 4 GiB or more`);
  if (size > limit)
    throw new ZipError(`${name} claims ${size} bytes, more than the ${limit} expected`);
  if ((bytes.readUInt16LE(entry + 8) & 1) !== 0) throw new ZipError(`${name} is encrypted`);
  if (method !== STORED && method !== DEFLATED)
    throw new ZipError(`${name} is compressed by method ${method}; save it with numpy.savez`);
  if (bytes.readUInt32LE(local) !== LOCAL)
    throw new ZipError(`${name} is not where the directory says`);
  const start =
    local + LOCAL_SIZE + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  const raw = bytes.subarray(start, start + packed);
  const content =
    method === STORED ? raw : inflateRawSync(raw, { maxOutputLength: Math.max(1, size) });
  if (content.length !== size || crc32(content) !== bytes.readUInt32LE(entry + 16))
    throw new ZipError(`${name} is damaged: its checksum does not match`);
  return content;
}

/**
 * The files of an archive by their names; stored ones are views of it.
 * @param limit bytes that all files together may have, unpacked
 * @throws ZipError
 */
export function decodeZip(archive: Uint8Array, limit: number): Map<string, Buffer> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const files = new Map<string, Buffer>();
  let room = limit;
  try {
    const end = findEnd(bytes);
    let entry = bytes.readUInt32LE(end + 16);
    for (let i = bytes.readUInt16LE(end + 10); i > 0; i--) {
      if (bytes.readUInt32LE(entry) !== CENTRAL) throw new ZipError('its directory is damaged');
      const length = bytes.readUInt16LE(entry + 28);
      const name = bytes.toString('utf8', entry + CENTRAL_SIZE, entry + CENTRAL_SIZE + length);
      const content = contentOf(bytes, entry, name, room);
      files.set(name, content);
      room -= content.length;
      entry += CENTRAL_SIZE + length + bytes.readUInt16LE(entry + 30) + bytes.readUInt16LE(entry + 32); // prettier-ignore
    }
  } catch (error) {
    if (error instanceof ZipError) throw error;
    // An offset beyond the end, or what zlib cannot inflate.
    throw new ZipError(`it is damaged: ${(error as Error).message}`, { cause: error });
  }
  return files;
}
