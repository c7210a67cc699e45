/**
 * What lossy frames cost and save: bytes a clip, time to make and to read them, how near they come to
 * what they were. Ways that avme does not take stand beside them: a picture a frame, a mosaic, halved
 * colours, lossless formats, a video. All take turns in every round; times are medians over clips and
 * rounds, of one decode at a time.
 *
 *   node dist/bench/storage.js [FOLDER OF VIDEOS] [ROUNDS] [SIZE]
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { decodeFrames, encodeFrames, type FrameStack } from '../cache/codec/frame-encoding.js';
import { openCache } from '../cache/reader.js';
import type { Sample } from '../cache/records.js';
import { preprocess } from '../pipeline/preprocess/preprocess.js';
import { FFMPEG_PATH } from '../stages/ffmpeg/ffmpeg.js';
import { makeDemoMedia } from '../experiments/demo/demo-media.js';
import { psnr, ssim } from './image-distance.js';

/** A way to keep frames. */
interface Way {
  readonly name: string;
  encode(frames: Uint8Array, stack: FrameStack): Promise<Uint8Array[]>;
  decode(parts: readonly Uint8Array[], stack: FrameStack): Promise<Uint8Array>;
}

const ours = (format: 'jpeg' | 'webp', quality: number): Way => ({
  name: `${format} ${quality}`,
  encode: async (frames, stack) => [await encodeFrames(frames, stack, { format, quality })],
  decode: ([picture = new Uint8Array()], stack) => decodeFrames(picture, stack, format),
});

const pictureOf = (pixels: Uint8Array, width: number, height: number) =>
  sharp(pixels, { raw: { width, height, channels: 3 } });

/** One picture of all frames, as avme lays them out, by any of sharp's formats. */
const stack = (name: string, encode: (picture: Sharp) => Sharp): Way => ({
  name,
  encode: async (frames, { frames: count, height, width }) => [
    await encode(pictureOf(frames, width, count * height)).toBuffer(),
  ],
  decode: ([picture]) => sharp(picture).removeAlpha().raw().toBuffer(),
});

const each = (name: string, encode: (picture: Sharp) => Sharp): Way => ({
  name,
  encode: async (frames, { frames: count, height, width }) => {
    const bytes = height * width * 3;
    const parts = [];
    for (let at = 0; at < count * bytes; at += bytes)
      parts.push(
        await encode(pictureOf(frames.subarray(at, at + bytes), width, height)).toBuffer(),
      );
    return parts;
  },
  // One after the other: what is measured is what a thread does.
  decode: async (parts) => {
    const frames = [];
    for (const part of parts) frames.push(await sharp(part).raw().toBuffer());
    return Buffer.concat(frames);
  },
});

/** Four frames a row instead of one: what does it cost to take them apart? */
function rearranged(
  frames: Uint8Array,
  { frames: count, height, width }: FrameStack,
  back: boolean,
) {
  const row = width * 3;
  const out = new Uint8Array(frames.length);
  for (let t = 0; t < count; t++)
    for (let y = 0; y < height; y++) {
      const film = (t * height + y) * row;
      const tile = ((Math.floor(t / 4) * height + y) * 4 + (t % 4)) * row;
      const [from, to] = back ? [tile, film] : [film, tile];
      out.set(frames.subarray(from, from + row), to);
    }
  return out;
}

const mosaic = (name: string, encode: (picture: Sharp) => Sharp): Way => ({
  name,
  encode: async (frames, size) => [
    await encode(
      pictureOf(rearranged(frames, size, false), 4 * size.width, (size.frames / 4) * size.height),
    ).toBuffer(),
  ],
  decode: async ([picture], size) => rearranged(await sharp(picture).raw().toBuffer(), size, true),
});

/** H.264 through a process of ffmpeg each time: what would prediction between frames save? */
const video = (crf: number, work: string): Way => ({
  name: `H.264 crf ${crf}`,
  encode: async (frames, { width, height }) => {
    const file = join(work, 'clip.mp4');
    const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-i', '-'];
    const output = ['-c:v', 'libx264', '-preset', 'fast', '-crf', String(crf), '-pix_fmt', 'yuv420p', file]; // prettier-ignore
    execFileSync(FFMPEG_PATH, ['-y', '-loglevel', 'error', ...input, ...output], { input: frames });
    return [await readFile(file)];
  },
  decode: async ([clip = new Uint8Array()]) => {
    const file = join(work, 'read.mp4');
    await writeFile(file, clip);
    const output = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
    return execFileSync(FFMPEG_PATH, ['-loglevel', 'error', '-i', file, ...output], { maxBuffer: 1 << 28 }); // prettier-ignore
  },
});

const half = { chromaSubsampling: '4:2:0' } as const;
const full = { chromaSubsampling: '4:4:4' } as const;

const waysOf = (work: string): Way[] => [
  ...[75, 85, 90, 95].map((quality) => ours('jpeg', quality)),
  ...[75, 85, 90, 95].map((quality) => ours('webp', quality)),
  stack('jpeg 90, 4:2:0', (picture) => picture.jpeg({ quality: 90, ...half })),
  stack('mozjpeg 90', (picture) => picture.jpeg({ quality: 90, ...full, mozjpeg: true })),
  stack('webp 90, effort 4', (picture) => picture.webp({ quality: 90, effort: 4 })),
  stack('avif 70', (picture) => picture.avif({ quality: 70, effort: 0 })),
  each('jpeg 90, a picture a frame', (picture) => picture.jpeg({ quality: 90, ...full })),
  mosaic('jpeg 90, 4 × 4 mosaic', (picture) => picture.jpeg({ quality: 90, ...full })),
  video(18, work),
  stack('png', (picture) => picture.png({ compressionLevel: 6, adaptiveFiltering: true })),
  stack('webp lossless', (picture) => picture.webp({ lossless: true, effort: 0 })),
];

interface Tally {
  bytes: number;
  readonly encodeMs: number[];
  readonly decodeMs: number[];
  readonly psnr: number[];
  readonly ssim: number[];
}

async function timed<T>(into: number[], work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  into.push(performance.now() - start);
  return result;
}

/** One clip in one way, in one round. */
async function measure(
  way: Way,
  { frames, header }: Sample,
  count: number,
  tally: Tally,
  first: boolean,
) {
  // prettier-ignore
  const { height, width } = header;
  const size = { frames: count, height, width };
  const parts = await timed(tally.encodeMs, () => way.encode(frames, size));
  const decoded = await timed(tally.decodeMs, () => way.decode(parts, size));
  if (!first) return;
  if (decoded.length !== frames.length) throw new Error(`${way.name} gives other frames`);
  tally.bytes += parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = height * width * 3;
  for (let t = 0; t < count; t++) {
    const [a, b] = [frames, decoded].map((all) => all.subarray(t * bytes, (t + 1) * bytes)) as [Uint8Array, Uint8Array]; // prettier-ignore
    tally.psnr.push(psnr(a, b));
    tally.ssim.push(ssim(a, b, height, width));
  }
}

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]) => sorted(values)[values.length >> 1] ?? NaN;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length; // prettier-ignore
const lowest = (values: readonly number[]) => sorted(values)[0] ?? NaN;

async function clipsOf(folder: string, work: string, size: number): Promise<Sample[]> {
  const cache = join(work, 'cache');
  await preprocess({ source: folder, cache, options: { size, clips: 3 } });
  const reader = await openCache(cache);
  const samples = [];
  for (let i = 0; i < reader.size; i++) samples.push(await reader.read(i));
  await reader.close();
  return samples;
}

const work = await mkdtemp(join(tmpdir(), 'avme-bench-storage-'));
try {
  const [given = '../shared/media/everyday', rounds = '5', size = '224'] = process.argv.slice(2);
  let folder = resolve(given);
  if (!existsSync(folder)) {
    folder = join(work, 'videos');
    await makeDemoMedia(folder, 1, () => undefined);
  }
  const samples = await clipsOf(folder, work, Number(size));
  const count = samples[0]?.header.times.length ?? 0;
  const rawBytes = mean(samples.map(({ frames }) => frames.length));
  console.log(
    `${samples.length} clips of ${count} frames of ${size}×${size} from ${folder}: ${(rawBytes / 1024).toFixed(0)} KiB raw; ${rounds} rounds\n`,
  );
  const ways = waysOf(work);
  const tallies = ways.map((): Tally => ({ bytes: 0, encodeMs: [], decodeMs: [], psnr: [], ssim: [] })); // prettier-ignore
  for (let round = 0; round < Number(rounds); round++)
    for (const sample of samples)
      for (const [i, way] of ways.entries()) {
        const tally = tallies[i];
        if (tally !== undefined) await measure(way, sample, count, tally, round === 0);
      }
  console.log('| frames | KiB | of raw | encode ms | decode ms | clips/s | PSNR dB (worst) | SSIM (worst) |'); // prettier-ignore
  console.log('| --- | --: | --: | --: | --: | --: | --: | --: |');
  for (const [i, { name }] of ways.entries()) {
    const tally = tallies[i];
    if (tally === undefined) continue;
    const bytes = tally.bytes / samples.length;
    const decodeMs = median(tally.decodeMs);
    const cells = [
      name,
      (bytes / 1024).toFixed(0),
      `1/${(rawBytes / bytes).toFixed(1)}`,
      median(tally.encodeMs).toFixed(1),
      decodeMs.toFixed(1),
      (1000 / decodeMs).toFixed(0),
      `${mean(tally.psnr).toFixed(1)} (${lowest(tally.psnr).toFixed(1)})`,
      `${mean(tally.ssim).toFixed(4)} (${lowest(tally.ssim).toFixed(3)})`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
