/** In front of the names of averaged weights in a checkpoint. */
export const AVERAGED = 'ema.';

/** The averages that are kept beside weights, under the weights' names; undefined where there are none. */
export function averagesOf<T>(tensors: ReadonlyMap<string, T>): Map<string, T> | undefined {
  const kept = [...tensors].filter(([name]) => name.startsWith(AVERAGED));
  if (kept.length === 0) return undefined;
  return new Map(kept.map(([name, value]) => [name.slice(AVERAGED.length), value]));
}
