import { randomFor } from '../../cache/index.js';

/** What a clip is heard with: its own sound, none, another video's, or only that there is some. */
export const SOUNDS = ['own', 'mute', 'shuffled', 'presence'] as const;
export type SoundChoice = (typeof SOUNDS)[number];

/**
 * Gives each video another one, whose sound it is heard with: a permutation in which none keeps its own.
 * @param videos their ids, each once @returns the same for the same videos and seed, in whatever order
 * @throws RangeError when there are fewer than two
 */
export function otherVideos(videos: readonly string[], seed: number): Map<string, string> {
  if (videos.length < 2)
    throw new RangeError(`there is ${videos.length === 1 ? 'one video' : 'no video'}; for sounds of others it takes two`); // prettier-ignore
  const order = [...videos].sort();
  const draw = randomFor(seed, 0, 'videos', 'other sound');
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [order[i], order[j]] = [order[j] as string, order[i] as string];
  }
  // One cycle through all of them: nobody is his own successor.
  return new Map(order.map((video, i) => [video, order[(i + 1) % order.length] as string]));
}
