/*
 * Small files that would be large: in time, in pixels, in packets, in streams, in what they claim.
 * Each maker writes one file.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import { ffmpeg } from '../support/media.js';
import { box, inside, movie, repeated, STBL, table, words } from './mp4.js';

const X264 = '-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p'.split(' ');
const red = (size: string) => ['-f', 'lavfi', '-i', `color=c=red:s=${size}:r=25`];

async function group(path: string, size: string, frames: number): Promise<Buffer> {
  const key = ['-g', String(frames), '-bf', '0', '-f', 'mp4'];
  await ffmpeg(...red(size), '-frames:v', String(frames), ...X264, ...key, `file:${path}.part`);
  return readFile(`${path}.part`);
}

/** Hours of video whose packets all lie at the same place of the file. */
export const long =
  (width: number, height: number, frames: number, times: number, oneKey = false) =>
  async (path: string) => {
    const file = await group(path, `${width}x${height}`, frames);
    await writeFile(path, repeated(file, width, height, times, oneKey));
  };

/** A picture track that claims `count` packets of one byte each; there is one chunk, `chunks` times. */
export const packets = (count: number, chunks: number) => async (path: string) => {
  const file = await group(path, '64x64', 25);
  const ftyp = box('ftyp', inside(file, 'ftyp'));
  const media = Buffer.concat([ftyp, box('mdat', inside(file, 'mdat'))]);
  const each = Math.ceil(count / chunks);
  const tables = {
    description: inside(file, `${STBL}/stsd`),
    stts: table('stts', [1, count, 1]),
    stss: table('stss', [1, 1]),
    stsz: table('stsz', [1, count]),
    stsc: table('stsc', [1, 1, each, 1]),
    stco: table('stco', [chunks, ...new Array<number>(chunks).fill(ftyp.length + 8)]),
  };
  await writeFile(path, movie(media, 64, 64, tables));
};

/** A movie whose index is compressed and claims to be `size` bytes long. */
export const compressedIndex = (size: number) => async (path: string) => {
  const data = box('cmvd', words([size]), deflateSync(Buffer.alloc(1 << 22)));
  const moov = box('moov', box('cmov', box('dcom', Buffer.from('zlib')), data));
  await writeFile(path, Buffer.concat([box('ftyp', Buffer.from('qt  \0\0\0\0qt  ')), moov]));
};

function chunk(type: string, body: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  return Buffer.concat([words([body.length]), named, words([crc32(named)])]);
}

/** An animated PNG, all black; one deflate stream serves all frames. */
export const apng = (width: number, height: number, frames: number) => async (path: string) => {
  // 8 bits a pixel; a byte that names the filter is in front of each row.
  const pixels = deflateSync(Buffer.alloc((1 + width) * height));
  const parts: Buffer[] = [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')];
  parts.push(chunk('IHDR', Buffer.concat([words([width, height]), Buffer.from([8, 0, 0, 0, 0])])));
  parts.push(chunk('acTL', words([frames, 0])));
  for (let i = 0, sequence = 0; i < frames; i++) {
    const delay = Buffer.from([0, 1, 0, 25, 0, 0]);
    parts.push(chunk('fcTL', Buffer.concat([words([sequence++, width, height, 0, 0]), delay])));
    parts.push(i === 0 ? chunk('IDAT', pixels) : chunk('fdAT', Buffer.concat([words([sequence++]), pixels]))); // prettier-ignore
  }
  await writeFile(path, Buffer.concat([...parts, chunk('IEND', Buffer.alloc(0))]));
};

/** A GIF whose screen and frames claim this size and hold next to nothing. */
export const gif = (side: number, frames: number) => async (path: string) => {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(side, 0);
  size.writeUInt16LE(side, 2);
  const head = Buffer.concat([Buffer.from('GIF89a'), size, Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255])]); // prettier-ignore
  const frame = Buffer.concat([Buffer.from([0x21, 0xf9, 4, 4, 4, 0, 0, 0, 0x2c, 0, 0, 0, 0]), size, Buffer.from([0, 2, 2, 0x44, 1, 0])]); // prettier-ignore
  await writeFile(path, Buffer.concat([head, ...new Array<Buffer>(frames).fill(frame), Buffer.from(';')])); // prettier-ignore
};

/** A JPEG in a movie, whose header claims to be as large as a JPEG can be. */
export const claim = (side: number) => async (path: string) => {
  await ffmpeg(...red('64x64'), '-frames:v', '2', '-c:v', 'mjpeg', `file:${path}`);
  const file = await readFile(path);
  const frame = Buffer.from([0xff, 0xc0, 0, 17, 8]);
  for (let at = file.indexOf(frame); at >= 0; at = file.indexOf(frame, at + 1)) {
    file.writeUInt16BE(side, at + 5);
    file.writeUInt16BE(side, at + 7);
  }
  await writeFile(path, file);
};

/** As many picture tracks, each of one large picture: to open the file is to decode them all. */
export const tracks = (size: string, count: number) => async (path: string) => {
  await ffmpeg(...red(size), '-frames:v', '1', '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-f', 'webm', `file:${path}.part`); // prettier-ignore
  const maps = Array.from({ length: count }, () => ['-map', '0:v']).flat();
  await ffmpeg('-i', `file:${path}.part`, ...maps, '-c', 'copy', `file:${path}`);
};

/** One second of picture beside hours of silence. */
export const silence = (hours: number) => async (path: string) => {
  const quiet = ['-f', 'lavfi', '-i', 'anullsrc=r=8000:cl=mono'];
  await ffmpeg(...red('64x64'), ...quiet, '-t', String(3600 * hours), '-vf', 'trim=end=1', '-c:a', 'flac', '-frame_size', '65535', `file:${path}`); // prettier-ignore
};

/** A second of picture with sound that claims a sample rate of its own. */
export const rate = (hertz: number) => async (path: string) => {
  const tone = ['-f', 'lavfi', '-i', 'sine=r=44100'];
  await ffmpeg(...red('64x64'), ...tone, '-t', '1', '-c:v', 'mpeg4', '-c:a', 'pcm_s16le', `file:${path}`); // prettier-ignore
  const file = await readFile(path);
  const format = file.lastIndexOf(Buffer.from('strf')) + 8;
  file.writeUInt32LE(hertz, format + 4);
  await writeFile(path, file);
};

/** A few pictures of any codec and size. */
export const picture =
  (size: string, ...codec: string[]) =>
  async (path: string) => {
    await ffmpeg(...red(size), '-frames:v', '3', ...codec, `file:${path}`);
  };
