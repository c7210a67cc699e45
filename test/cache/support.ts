import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CacheReader } from '../../cache/reader.js';
import type { CacheWriterOptions } from '../../cache/writer.js';
import type { ClipShape, Sample } from '../../cache/records.js';

export const SHAPE: ClipShape = {
  frames: 4,
  size: 8,
  storeSize: 8,
  square: true,
  positions: 4,
  mfccFrames: 8,
  cepstra: 3,
};

export const OPTIONS: CacheWriterOptions = {
  configuration: { frames: 4, size: 8, mask: { ratio: 0.75 } },
  tools: { ffmpeg: '7.0', avme: 1 },
  shape: SHAPE,
};

/** A sample whose every byte depends on its number. */
export function makeSample(number: number, shape: ClipShape = SHAPE): Sample {
  const { frames, storeSize, square, positions, mfccFrames, cepstra, melBands } = shape;
  const [height, width] = [storeSize, square ? storeSize : storeSize + (number % 3)];
  const word = (i: number) => Math.imul(i + 1, 2654435761 + 2 * number) >>> 16;
  return {
    header: {
      key: `key-${number}`,
      path: `/videos/ünï "${number}".mp4`,
      id: `class-${number % 3}/${number}.mp4`,
      label: number % 4 === 3 ? null : `class-${number % 3}`,
      split: number % 2 === 0 ? 'train' : 'test',
      start: null,
      end: number / 7,
      contentHash: 'c0ffee',
      clip: number % 2,
      height,
      width,
      times: Array.from({ length: frames }, (_, i) => i / 29.97 + number),
      span: [number, number + 1 / 3],
      flags: {
        audioPresent: number % 5 !== 0,
        substituted: 0,
        held: number % 2,
        warnings: number % 7 === 0 ? ['Header missing', 'invalid “thing”'] : [],
      },
    },
    frames: Uint8Array.from({ length: frames * height * width * 3 }, (_, i) => word(i)),
    mask: Uint8Array.from({ length: positions }, (_, i) => word(i) & 1),
    mfcc: Float32Array.from({ length: mfccFrames * cepstra }, (_, i) => word(i) / 1e3 - 30),
    ...(melBands !== undefined && {
      mel: Float32Array.from({ length: mfccFrames * melBands }, (_, i) => word(i + 7) / 1e4 - 9),
    }),
  };
}

/** The samples of a cache by key, copied out of it. */
export function samplesOf(reader: CacheReader): Map<string, Sample> {
  return new Map(
    Array.from({ length: reader.size }, (_, i) => {
      const sample = reader.sample(i);
      return [sample.header.key, sample];
    }),
  );
}

/** Gives each test of a suite a folder of its own; call inside `describe`. */
export function useFolder(): () => string {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'avme-cache-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  return () => folder;
}
