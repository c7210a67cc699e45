/*
 * Just enough of MP4 to write files that claim what they do not hold: boxes, and the tables of one
 * track (ISO/IEC 14496-12).
 */

export function box(type: string, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** A box with version and flags 0, and 32-bit numbers. */
export function table(type: string, numbers: readonly number[]): Buffer {
  return box(type, words([0, ...numbers]));
}

export function words(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, i) => bytes.writeUInt32BE(number >>> 0, 4 * i));
  return bytes;
}

/** The content of the first box at the end of this path of types, e.g. `moov/trak/mdia`. */
export function inside(file: Buffer, path: string): Buffer {
  const [type = '', ...rest] = path.split('/');
  for (let at = 0; at + 8 <= file.length;) {
    const size = Math.max(8, file.readUInt32BE(at));
    if (file.toString('latin1', at + 4, at + 8) === type) {
      const content = file.subarray(at + 8, at + size);
      return rest.length === 0 ? content : inside(content, rest.join('/'));
    }
    at += size;
  }
  throw new Error(`there is no ${path}`);
}

export const STBL = 'moov/trak/mdia/minf/stbl';

/** The tables that say where and when the samples of a track are. */
export interface SampleTables {
  /** Content of `stsd`. */
  readonly description: Buffer;
  readonly stts: Buffer;
  readonly stss: Buffer;
  readonly stsz: Buffer;
  readonly stsc: Buffer;
  readonly stco: Buffer;
}

/** One picture track of `width`×`height` with these tables, after `media`; 25 frames a second. */
export function movie(media: Buffer, width: number, height: number, tables: SampleTables): Buffer {
  const { description, ...others } = tables;
  const matrix = words([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]);
  const zeros = (count: number) => Buffer.alloc(count);
  const stbl = box('stbl', box('stsd', description), ...Object.values(others));
  const url = box('url ', words([1]));
  const minf = box(
    'minf',
    table('vmhd', [0, 0]),
    box('dinf', box('dref', words([0, 1]), url)),
    stbl,
  );
  const handler = box('hdlr', words([0, 0]), Buffer.from('vide'), zeros(13));
  const mdia = box('mdia', table('mdhd', [0, 0, 25, 0, 0x55c40000]), handler, minf);
  const head = box('tkhd', words([3, 0, 0, 1, 0, 0, 0, 0, 0, 0]), matrix, words([width << 16, height << 16])); // prettier-ignore
  const mvhd = box('mvhd', words([0, 0, 0, 25, 0, 0x10000, 0x1000000, 0, 0]), matrix, zeros(24), words([2])); // prettier-ignore
  return Buffer.concat([media, box('moov', mvhd, box('trak', head, mdia))]);
}

/**
 * A file whose one chunk of samples, a keyframe and what follows from it, is shown `times` times; it
 * hardly grows with them.
 * @param oneKey leaves the keyframe out when the chunk is repeated
 */
export function repeated(
  file: Buffer,
  width: number,
  height: number,
  times: number,
  oneKey = false,
): Buffer {
  const stsz = inside(file, `${STBL}/stsz`);
  const count = stsz.readUInt32BE(8);
  const sizes = Array.from({ length: count }, (_, i) => stsz.readUInt32BE(12 + 4 * i));
  const skip = oneKey ? 1 : 0;
  const ftyp = box('ftyp', inside(file, 'ftyp'));
  const media = box('mdat', inside(file, 'mdat'));
  const first = ftyp.length + 8;
  const again = first + (oneKey ? (sizes[0] ?? 0) : 0);
  const all = Array.from({ length: times }, (_, i) => (i === 0 ? sizes : sizes.slice(skip))).flat();
  const keyframes = Array.from({ length: oneKey ? 1 : times }, (_, i) => 1 + i * count);
  return movie(Buffer.concat([ftyp, media]), width, height, {
    description: inside(file, `${STBL}/stsd`),
    stts: table('stts', [1, all.length, 1]),
    stss: table('stss', [keyframes.length, ...keyframes]),
    stsz: table('stsz', [0, all.length, ...all]),
    stsc: table('stsc', [2, 1, count, 1, 2, count - skip, 1]),
    stco: table('stco', [times, first, ...new Array<number>(times - 1).fill(again)]),
  });
}
