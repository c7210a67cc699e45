import { z } from 'zod';
import type { CacheReader } from '../../cache/reader.js';
import type { ClipShape } from '../../cache/records.js';

const WRONG = {
  error: 'must be clips × crops, e.g. 5x3: crops are 1 (the middle) or 3 (along the longer side)',
};

/** Views of each video whose scores are averaged: so many of its clips, each cropped in so many places. */
export const viewsOption = z
  .union(
    [
      z
        .string()
        .regex(/^\s*[1-9]\d{0,3}\s*[x×]\s*[13]\s*$/i)
        .transform((text) => {
          const [temporal, spatial] = text.split(/[x×]/i).map(Number);
          return { temporal: temporal ?? 1, spatial: spatial === 3 ? (3 as const) : (1 as const) };
        }),
      z.strictObject({
        temporal: z.number().int().min(1),
        spatial: z.union([z.literal(1), z.literal(3)]),
      }),
    ],
    WRONG,
  )
  .optional();
export type Views = NonNullable<z.infer<typeof viewsOption>>;

/** Where crops lie along the longer side of the frames, 0 to 1. */
export function cropPlaces({ spatial }: Pick<Views, 'spatial'>): readonly number[] {
  return spatial === 1 ? [0.5] : [0, 0.5, 1];
}

/** @throws Error when all crops of all clips would be the same */
export function checkCrops(
  shape: ClipShape,
  { spatial }: Pick<Views, 'spatial'>,
  what = 'cached frames',
  remedy = 'preprocess with --fit short-side or a larger --store-size',
): void {
  if (spatial > 1 && shape.square && shape.storeSize === shape.size)
    throw new Error(
      `--views: the ${what} are ${shape.size} × ${shape.size} pixels, as the model sees them, so that there is one crop; ask for x1, or ${remedy}`,
    );
}

/** Which so many of a video's clips: spread evenly over them, the middle one of one. */
export function spreadClips(clips: number, temporal: number): number[] {
  return Array.from({ length: temporal }, (_, i) =>
    temporal === 1 ? (clips - 1) >> 1 : Math.round((i * (clips - 1)) / (temporal - 1)),
  );
}

/**
 * Chooses so many clips of each video, spread evenly over those that are there, the middle one of one.
 * @param indices of samples, in the cache's order
 * @throws Error naming a video that has too few
 */
export function chooseClips(
  reader: CacheReader,
  indices: readonly number[],
  { temporal }: Pick<Views, 'temporal'>,
): number[] {
  const videos = new Map<string, number[]>();
  for (const index of indices) {
    const { id } = reader.entry(index);
    const clips = videos.get(id);
    if (clips === undefined) videos.set(id, [index]);
    else clips.push(index);
  }
  return [...videos].flatMap(([id, clips]) => {
    if (clips.length < temporal)
      throw new Error(
        `--views: ${id} has ${clips.length} clip${clips.length === 1 ? '' : 's'} in the cache, not ${temporal}; ask for ${clips.length}x1, or preprocess with --clips ${temporal}`,
      );
    return spreadClips(clips.length, temporal).map((at) => clips[at] ?? 0);
  });
}
