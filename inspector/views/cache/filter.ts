import type { ListedSample } from '../answers.js';

/** Bits of {@link ListedSample.flags}, by the name that filters use. */
export const FLAGS = { sound: 1, substituted: 2, held: 4, warnings: 8, damaged: 16 } as const;
export type FlagName = keyof typeof FLAGS;

/** What samples are chosen by; empty values let everything pass. */
export interface SampleFilter {
  /** Part of the path, of the id, or of the label, in any case. */
  readonly search: string;
  readonly label: string;
  readonly split: string;
  /** Flags that a sample must have, and with "-" in front must not have. */
  readonly flags: readonly string[];
}

/** How a filter names samples that have no label, or no split. */
export const NONE = '∅';

export function readFilter(query: URLSearchParams): SampleFilter {
  const flags = (query.get('flags') ?? '')
    .split(',')
    .filter((flag) => flag.replace(/^-/, '') in FLAGS)
    .sort();
  return {
    search: query.get('q')?.trim().toLowerCase() ?? '',
    label: query.get('label') ?? '',
    split: query.get('split') ?? '',
    flags,
  };
}

/** The filter as a query, canonical: equal filters give equal text, one without effect gives "". */
export function writeFilter({ search, label, split, flags }: SampleFilter): string {
  const query = new URLSearchParams();
  if (search !== '') query.set('q', search);
  if (label !== '') query.set('label', label);
  if (split !== '') query.set('split', split);
  if (flags.length > 0) query.set('flags', flags.join(','));
  return query.toString();
}

export interface FilteredFields extends Pick<ListedSample, 'id' | 'label' | 'split' | 'flags'> {
  readonly path: string;
}

const same = (value: string | null, wanted: string) =>
  wanted === '' || (wanted === NONE ? value === null : value === wanted);

/** The test that a filter stands for. */
export function filterTest({
  search,
  label,
  split,
  flags,
}: SampleFilter): (sample: FilteredFields) => boolean {
  let wanted = 0;
  let unwanted = 0;
  for (const flag of flags) {
    const bit = FLAGS[flag.replace(/^-/, '') as FlagName];
    if (flag.startsWith('-')) unwanted |= bit;
    else wanted |= bit;
  }
  return (sample) => {
    const bits = sample.flags ?? 0;
    return (
      same(sample.label, label) &&
      same(sample.split, split) &&
      (bits & wanted) === wanted &&
      (bits & unwanted) === 0 &&
      (search === '' ||
        sample.id.toLowerCase().includes(search) ||
        sample.path.toLowerCase().includes(search) ||
        (sample.label?.toLowerCase().includes(search) ?? false))
    );
  };
}
