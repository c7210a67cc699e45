import { openCache, type CacheReader } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { Loader } from '../../../stages/load/loader.js';
import type { LoaderOptions } from '../../../stages/load/options.js';
import { makeSample, OPTIONS } from '../../cache/support.js';

/** Clips of 4 frames of 12 pixels and more, of which the model sees 8; 16 positions, 12 masked. */
export const SHAPE = {
  ...{ frames: 4, size: 8, storeSize: 12, square: false, positions: 16 },
  ...{ mfccFrames: 8, cepstra: 3 },
};

/** A sample with a mask of its own, 12 of 16 positions masked. */
export function sampleOf(number: number) {
  const mask = Uint8Array.from({ length: 16 }, (_, i) => ((i + number) % 4 === 0 ? 0 : 1));
  return { ...makeSample(number, SHAPE), mask };
}

/** Writes a cache of the samples `from` to `to`, and opens it. */
export async function makeCache(folder: string, from: number, to: number): Promise<CacheReader> {
  const writer = await openCacheWriter(folder, { ...OPTIONS, shape: SHAPE });
  for (let i = from; i < to; i++) await writer.put(sampleOf(i));
  await writer.seal();
  return openCache(folder);
}

/** What a batch says, copied out of the ring. */
export interface Shown {
  readonly position: number;
  readonly keys: readonly string[];
  readonly sources: readonly number[];
  readonly video: Uint8Array;
  readonly visible: Int32Array;
  readonly masked: Int32Array;
  readonly mfcc: Float32Array;
  readonly audioPresent: Float32Array;
}

export const DRAW = {
  seed: 3,
  mask: 'epoch',
  maskRatio: 0.75,
  augment: { crop: 'multi-scale', flip: 0.5 },
} as const;

export type Given = Partial<LoaderOptions> & Pick<LoaderOptions, 'sources'>;

/** Opens a loader of batches of 4 for as long as `use` takes. */
export async function withLoader<T>(given: Given, use: (loader: Loader) => Promise<T>): Promise<T> {
  const loader = new Loader({ ...DRAW, batch: 4, ...given });
  try {
    return await use(loader);
  } finally {
    await loader.close();
  }
}

/** Copies all batches from one place to another. */
export async function show(loader: Loader, from: number, to: number): Promise<Shown[]> {
  const all: Shown[] = [];
  for await (const batch of loader.batches(from, to)) {
    const { position, keys, samples } = batch;
    const sources = samples.map(({ source }) => source);
    const [video, visible, masked] = [batch.video.slice(), batch.visible.slice(), batch.masked.slice()]; // prettier-ignore
    const [mfcc, audioPresent] = [batch.mfcc.slice(), batch.audioPresent.slice()];
    batch.release();
    all.push({ position, keys, sources, video, visible, masked, mfcc, audioPresent });
  }
  return all;
}

export const load = (given: Given, from: number, to: number): Promise<Shown[]> =>
  withLoader(given, (loader) => show(loader, from, to));

/** What of batches does not depend on where they are cut. */
export const clipsOf = (batches: readonly Shown[]): { key: string; video: Uint8Array }[] =>
  batches.flatMap(({ keys, video }) =>
    keys.map((key, i) => {
      const length = video.length / keys.length;
      return { key, video: video.slice(i * length, (i + 1) * length) };
    }),
  );
