import { useEffect, useRef, useState } from 'preact/hooks';
import type { OverviewAnswer } from '../../views/answers.js';
import { NONE, readFilter } from '../../views/cache/filter.js';
import { embedded } from '../api.js';
import { useKeys } from '../hooks.js';
import { number } from '../parts/figures.js';
import { withQuery, type Route } from '../route.js';

const FLAG_CHOICES: readonly (readonly [string, string])[] = [
  ['', 'any state'],
  ['sound', 'with sound'],
  ['-sound', 'without sound'],
  ['substituted', 'frames substituted'],
  ['held', 'last frame held'],
  ['warnings', 'decoder warnings'],
  ['damaged', 'damaged'],
];

/** Milliseconds after the last letter until the search begins. */
const PAUSE = 180;

interface FilterBarProps {
  readonly route: Route;
  readonly go: (route: Route, replace?: boolean) => void;
  readonly overview: OverviewAnswer | undefined;
  readonly total: number | undefined;
}

export function FilterBar({ route, go, overview, total }: FilterBarProps) {
  const filter = readFilter(route.query);
  const given = route.query.get('q') ?? '';
  const [text, setText] = useState(given);
  const search = useRef<HTMLInputElement>(null);
  const timer = useRef(0);
  // A search begins a little after its last letter: then, what else was chosen may have changed.
  const latest = useRef(route);
  latest.current = route;
  const set = (change: Readonly<Record<string, string>>) => {
    go(withQuery(latest.current, { ...change, at: undefined }), true);
  };
  useEffect(() => { setText(given); }, [given]); // prettier-ignore
  useKeys({ '/': () => { search.current?.focus(); } }); // prettier-ignore
  const onSearch = (value: string) => {
    setText(value);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => { set({ q: value }); }, PAUSE); // prettier-ignore
  };
  const options = (counts: OverviewAnswer['labels'] | undefined, none: string) =>
    (counts ?? []).map(([value, count]) => (
      <option key={value} value={value === '' ? NONE : value}>
        {value === '' ? none : value} ({number(count)})
      </option>
    ));
  return (
    <form
      class="filters"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <input
        ref={search}
        type="search"
        class="search"
        placeholder="Search path or label"
        aria-label="Search path or label"
        aria-keyshortcuts="/"
        value={text}
        onInput={(event) => {
          onSearch(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <select
        aria-label="Label"
        value={filter.label}
        onChange={(event) => {
          set({ label: event.currentTarget.value });
        }}
      >
        <option value="">any label</option>
        {options(overview?.labels, 'no label')}
      </select>
      <select
        aria-label="Split"
        value={filter.split}
        onChange={(event) => {
          set({ split: event.currentTarget.value });
        }}
      >
        <option value="">any split</option>
        {options(overview?.splits, 'no split')}
      </select>
      <select
        aria-label="State"
        value={filter.flags.join(',')}
        onChange={(event) => {
          set({ flags: event.currentTarget.value });
        }}
      >
        {FLAG_CHOICES.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
      <output class="found" aria-live="polite">
        {total === undefined ? '…' : `${number(total)} ${total === 1 ? 'sample' : 'samples'}`}
        {embedded !== undefined && overview !== undefined && ` of ${number(overview.samples)}`}
      </output>
    </form>
  );
}
