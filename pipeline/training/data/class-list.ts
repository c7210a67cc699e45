import type { LeasedBatch } from '../../../stages/load/leased-batch.js';
import type { LoaderSource } from '../../../stages/load/options.js';

function labelsOf({ reader, indices }: LoaderSource): string[] {
  const all = indices ?? Array.from({ length: reader.size }, (_, i) => i);
  return all.flatMap((index) => reader.entry(index).label ?? []);
}

/** The classes that a classifier tells apart: the labels of what it learns from, in order of their names. */
export class ClassList {
  readonly names: readonly string[];
  private readonly numbers: ReadonlyMap<string, number>;

  /** @throws Error when there are fewer than two */
  constructor(sources: readonly LoaderSource[]) {
    this.names = [...new Set(sources.flatMap(labelsOf))].sort();
    this.numbers = new Map(this.names.map((name, i) => [name, i]));
    if (this.names.length < 2)
      throw new Error(
        `the samples have ${this.names.length === 0 ? 'no label' : `one label (${this.names.join()})`}; a classifier needs two or more`,
      );
  }

  /** @throws Error naming labels that are none of these classes */
  check(sources: readonly LoaderSource[]): void {
    const strange = new Set(sources.flatMap(labelsOf).filter((label) => !this.numbers.has(label)));
    if (strange.size > 0)
      throw new Error(
        `the clips for validation have labels that are not learned: ${[...strange].slice(0, 5).join(', ')}`,
      );
  }

  /** Numbers of the classes of a batch's clips. */
  of(batch: LeasedBatch, sources: readonly LoaderSource[]): number[] {
    return batch.samples.map(({ source, index }) => {
      const label = sources[source]?.reader.entry(index).label ?? '';
      return this.numbers.get(label) ?? -1;
    });
  }
}
