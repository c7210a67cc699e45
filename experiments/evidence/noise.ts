/**
 * Fast 32-bit noise for grain and hiss, where millions of numbers are drawn a clip (xorshift32,
 * Marsaglia 2003); parameters are drawn with the cache's generator.
 */
export function noiseWords(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** A number of mean 0 and deviation 1 made of 32 random bits: the sum of four uniform bytes. */
export function bell(word: number): number {
  const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
  // Four bytes: mean 4 · 127.5, variance 4 · (256² − 1) / 12.
  return (sum - 510) / 147.8;
}
