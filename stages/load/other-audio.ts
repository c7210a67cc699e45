import { CorruptRecordError } from '../../cache/codec/codec.js';
import { randomFor } from '../../cache/order/random.js';
import type { CacheReader } from '../../cache/reader.js';
import type { Sample } from '../../cache/records.js';

/** A clip as far as sounds are handed on. */
export interface AudioClip {
  readonly index: number;
  /** Id of its video. */
  readonly video: string;
  readonly audioPresent: boolean;
}

/**
 * Gives each video another one whose sound it is heard with, and so each clip a clip. Only clips that
 * have sound give and get one: whether there is any stays as it was. No video keeps its own.
 * @param clips each once @returns index of the clip whose sound is heard by that of the clip that hears
 *   it; the same for the same clips and seed, in whatever order
 * @throws RangeError when fewer than two videos have sound
 */
export function otherClips(clips: readonly AudioClip[], seed: number): Map<number, number> {
  const videos = new Map<string, number[]>();
  for (const { index, video, audioPresent } of clips) {
    if (!audioPresent) continue;
    const own = videos.get(video);
    if (own === undefined) videos.set(video, [index]);
    else own.push(index);
  }
  if (videos.size < 2)
    throw new RangeError(
      `${videos.size === 1 ? 'only one of the chosen videos has' : 'none of the chosen videos has'} sound; to hear the sounds of others takes two (--sound shuffled)`,
    );
  const order = [...videos.keys()].sort();
  const draw = randomFor(seed, 0, 'videos', 'other sound');
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [order[i], order[j]] = [order[j] as string, order[i] as string];
  }
  const all = order.map((video) => (videos.get(video) ?? []).sort((a, b) => a - b));
  // One cycle through all of them: nobody is their own successor.
  return new Map(
    all.flatMap((own, i) => {
      const theirs = all[(i + 1) % all.length] ?? [];
      return own.map((index, clip) => [index, theirs[clip % theirs.length] ?? index] as const);
    }),
  );
}

/**
 * {@link otherClips} of samples of a cache, whose headers are read for it. One that cannot be read gives
 * no sound and gets none: it is reported when its turn comes.
 */
export function otherClipsOf(
  { reader, indices }: { readonly reader: CacheReader; readonly indices?: readonly number[] | undefined }, // prettier-ignore
  seed: number,
): Map<number, number> {
  const chosen = indices ?? Array.from({ length: reader.size }, (_, i) => i);
  const hasAudio = (index: number) => {
    try {
      return reader.header(index).flags.audioPresent;
    } catch (error) {
      if (error instanceof CorruptRecordError) return false;
      throw error;
    }
  };
  const clips = chosen.map((index) => ({ index, video: reader.entry(index).id, audioPresent: hasAudio(index) })); // prettier-ignore
  return otherClips(clips, seed);
}

/** A sample with the sound of another one that has some. */
export const withAudioOf = (
  sample: Sample,
  { mfcc, mel }: Pick<Sample, 'mfcc' | 'mel'>,
): Sample => ({
  ...sample,
  mfcc,
  mel,
});
