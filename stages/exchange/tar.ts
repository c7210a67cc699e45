import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, pack, type Pack } from 'tar-stream';

/** A file in a tar; its content may come in pieces. */
export interface TarFile {
  readonly name: string;
  readonly content: readonly Uint8Array[];
}

/** The tar is damaged, or holds what cannot be used; the message names it. */
export class TarError extends Error {
  override name = 'TarError';
}

/** The same files give the same tar, whoever writes it and whenever. */
const ATTRIBUTES = { mtime: new Date(0), mode: 0o644, uid: 0, gid: 0 } as const;

function addFile(tar: Pack, { name, content }: TarFile): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const size = content.reduce((sum, piece) => sum + piece.length, 0);
    const entry = tar.entry({ name, size, ...ATTRIBUTES }, (error) => {
      if (error) reject(error);
      else resolve();
    });
    entry.on('error', reject);
    for (const piece of content) entry.write(piece);
    entry.end(null);
  });
}

async function feed(tar: Pack, files: AsyncIterable<TarFile>): Promise<void> {
  try {
    for await (const file of files) await addFile(tar, file);
    tar.finalize();
  } catch (error) {
    tar.destroy(error as Error);
  }
}

async function* tarBytes(files: AsyncIterable<TarFile>): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const feeding = feed(tar, files);
  try {
    for await (const bytes of tar) yield bytes as Uint8Array;
  } finally {
    tar.destroy();
    await feeding;
  }
}

/**
 * Writes a tar file (ustar; pax where a name is too long), one file in memory at a time, flushed to
 * the disk.
 */
export async function writeTar(
  path: string,
  files: AsyncIterable<TarFile>,
  signal?: AbortSignal,
): Promise<void> {
  const file = createWriteStream(path, { flush: true });
  await pipeline(tarBytes(files), file, signal === undefined ? {} : { signal });
}

/** Reads a tar, gzipped or not, file by file; `limit` is how many bytes one may have. @throws TarError */
export async function* readTar(path: string, limit: number): AsyncGenerator<TarFile> {
  const unpack = extract();
  const packed = createReadStream(path);
  const reading = /gz$/i.test(path)
    ? pipeline(packed, createGunzip(), unpack)
    : pipeline(packed, unpack);
  // It fails the iteration below, too.
  reading.catch(() => undefined);
  try {
    for await (const entry of unpack) {
      const { name, size, type } = entry.header;
      if (size > limit)
        throw new TarError(`${name} claims ${size} bytes, more than the ${limit} expected`);
      const content: Buffer[] = [];
      for await (const piece of entry) content.push(piece as Buffer);
      if (type === 'file' || type === 'contiguous-file') yield { name, content };
    }
    await reading;
  } catch (error) {
    throw new TarError(`${path}: ${(error as Error).message}`, { cause: error });
  } finally {
    unpack.destroy();
    await reading.catch(() => undefined);
  }
}
