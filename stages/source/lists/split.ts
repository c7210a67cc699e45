import { basename, extname } from 'node:path';

const SPLITS: readonly (readonly [RegExp, string])[] = [
  [/^train(ing)?$/i, 'train'],
  [/^val(id|idate|idation)?$/i, 'val'],
  [/^test(ing)?$/i, 'test'],
];

/** The usual name of a split: data sets call one and the same training, val, validate or testing. */
export function splitName(name: string): string {
  return SPLITS.find(([pattern]) => pattern.test(name))?.[1] ?? name;
}

/** The split that the name of a list speaks of: `train.csv`, `k400_val.csv`; null: none. */
export function splitOfFile(path: string): string | null {
  const words = basename(path, extname(path)).split(/[^a-z]+/i);
  return words.map(splitName).find((name) => SPLITS.some(([, split]) => split === name)) ?? null;
}
