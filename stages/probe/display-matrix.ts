import { open, type FileHandle } from 'node:fs/promises';

/** How a picture is shown, `[a, b, c, d]`: `x' = a·x + c·y`, `y' = b·x + d·y`. */
export type DisplayMatrix = readonly [number, number, number, number];

/** Boxes looked at in one place; a file can claim any number. */
const MAX_BOXES = 1000;

interface Box {
  readonly type: string;
  /** Where its content starts, and where it ends. */
  readonly start: number;
  readonly end: number;
}

async function read(file: FileHandle, at: number, length: number): Promise<Buffer | null> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, at);
  return bytesRead === length ? buffer : null;
}

/** Walks the boxes (ISO/IEC 14496-12, 4.2) between two places of a file, as far as they make sense. */
async function* boxes(file: FileHandle, from: number, to: number): AsyncGenerator<Box> {
  let at = from;
  for (let count = 0; count < MAX_BOXES && at + 8 <= to; count++) {
    const head = await read(file, at, 8);
    if (head === null) return;
    const short = head.readUInt32BE(0);
    const long = short === 1 ? await read(file, at + 8, 8) : null;
    // A size of 0 reaches to the end.
    const size = short === 0 ? to - at : long === null ? short : Number(long.readBigUInt64BE(0));
    const content = at + (long === null ? 8 : 16);
    if (at + size < content || at + size > to) return;
    yield { type: head.toString('latin1', 4), start: content, end: at + size };
    at += size;
  }
}

/** The matrix of a movie's or a track's header, which stands at another place in version 1. */
async function matrixOf(file: FileHandle, { type, start }: Box): Promise<DisplayMatrix | null> {
  const version = (await read(file, start, 1))?.[0];
  const at = type === 'mvhd' ? (version === 1 ? 48 : 36) : version === 1 ? 52 : 40;
  const bytes = await read(file, start + at, 20);
  if (bytes === null) return null;
  // Two rows of fixed-point numbers, each followed by one of the projection.
  const value = (place: number) => bytes.readInt32BE(place) / 65536;
  return [value(0), value(4), value(12), value(16)];
}

const product = ([a, b, c, d]: DisplayMatrix, [e, f, g, h]: DisplayMatrix): DisplayMatrix => [
  a * e + b * g,
  a * f + b * h,
  c * e + d * g,
  c * f + d * h,
];

/**
 * Reads how each track of an MP4 or QuickTime file is to be shown: ffmpeg tells of an angle alone, and
 * turns a mirrored picture the wrong way.
 * @returns one matrix a track in the file's order, null where it says nothing; `[]` where there is no index
 */
export async function displayMatrices(path: string): Promise<(DisplayMatrix | null)[]> {
  const file = await open(path);
  try {
    const matrices: (DisplayMatrix | null)[] = [];
    let movie: DisplayMatrix = [1, 0, 0, 1];
    for await (const top of boxes(file, 0, (await file.stat()).size)) {
      if (top.type !== 'moov') continue;
      for await (const part of boxes(file, top.start, top.end)) {
        if (part.type === 'mvhd') movie = (await matrixOf(file, part)) ?? movie;
        if (part.type !== 'trak') continue;
        let track: DisplayMatrix | null = null;
        for await (const box of boxes(file, part.start, part.end))
          if (box.type === 'tkhd') track = await matrixOf(file, box);
        matrices.push(track === null ? null : product(track, movie));
      }
      break;
    }
    return matrices;
  } finally {
    await file.close();
  }
}

/**
 * ffmpeg's filter that shows a mirrored picture as it should be seen.
 * @returns null where the picture is only turned, or not even that: ffmpeg does this by itself
 */
export function mirrorFilter([a, b, c, d]: DisplayMatrix): string | null {
  if (!(a * d - b * c < 0)) return null;
  if (Math.abs(a) + Math.abs(d) >= Math.abs(b) + Math.abs(c)) return a < 0 ? 'hflip' : 'vflip';
  // The two mirrorings that exchange the sides: at the main diagonal, and at the other one.
  return b > 0 ? 'transpose=cclock_flip' : 'transpose=clock_flip';
}
