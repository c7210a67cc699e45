import type { SampleEntry } from './records.js';

/** Which samples: all conditions that are given must hold. */
export interface Subset {
  /** One of these labels; null stands for samples without one. */
  readonly labels?: readonly (string | null)[];
  /** One of these splits; null stands for samples without one. */
  readonly splits?: readonly (string | null)[];
  /** One of these: a sample's key, or its id, which all clips of a video share. */
  readonly keys?: readonly string[];
}

/** Whether a sample belongs to a subset. */
export function belongsTo({
  labels,
  splits,
  keys,
}: Subset): (sample: Pick<SampleEntry, 'key' | 'id' | 'label' | 'split'>) => boolean {
  const [labelSet, splitSet, keySet] = [labels, splits, keys].map((list) => list && new Set(list));
  return ({ key, id, label, split }) =>
    (labelSet?.has(label) ?? true) &&
    (splitSet?.has(split) ?? true) &&
    (keySet === undefined || keySet.has(key) || keySet.has(id));
}

/** Indices of the samples of a subset, ascending. @param reader what has the samples' entries */
export function selectSamples(
  reader: { readonly size: number; entry(index: number): SampleEntry },
  subset: Subset,
): number[] {
  const belongs = belongsTo(subset);
  return Array.from({ length: reader.size }, (_, index) => index).filter((index) =>
    belongs(reader.entry(index)),
  );
}
