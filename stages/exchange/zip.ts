import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader, ZipWriter } from '@zip.js/zip.js';

/** The bytes are not an archive that can be read here, or are damaged. */
export class ZipError extends Error {
  override name = 'ZipError';
}

/** A file in an archive; its content may come in pieces. */
export interface ZipFile {
  readonly name: string;
  readonly content: readonly Uint8Array[];
}

const HERE = { useWebWorkers: false } as const;

/** The earliest date that the format knows: the same files give the same archive. */
const DATE = new Date(1980, 0, 1);

/** An archive of these files, stored, in memory. */
export async function encodeZip(files: readonly ZipFile[]): Promise<Uint8Array> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), {
    ...HERE,
    level: 0,
    lastModDate: DATE,
    extendedTimestamp: false,
    dataDescriptor: false,
  });
  for (const { name, content } of files)
    await zip.add(name, new Uint8ArrayReader(new Uint8Array(Buffer.concat(content))));
  return zip.close();
}

/**
 * The files of an archive by their names, checksums verified.
 * @param limit bytes that all files together may have, unpacked
 * @throws ZipError
 */
export async function decodeZip(
  archive: Uint8Array<ArrayBuffer>,
  limit: number,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  try {
    const zip = new ZipReader(new Uint8ArrayReader(archive), HERE);
    let room = limit;
    for await (const entry of zip.getEntriesGenerator()) {
      if (entry.directory) continue;
      room -= entry.uncompressedSize;
      if (room < 0)
        throw new Error(`with ${entry.filename} it has more than ${limit} bytes, unpacked`);
      files.set(
        entry.filename,
        await entry.getData(new Uint8ArrayWriter(), { ...HERE, checkSignature: true }),
      );
    }
    await zip.close();
  } catch (error) {
    throw new ZipError(`the archive cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return files;
}
