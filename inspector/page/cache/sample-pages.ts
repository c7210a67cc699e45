import { useEffect, useRef, useState } from 'preact/hooks';
import type { ListAnswer, ListedSample } from '../../views/answers.js';
import { address, type Parameters } from '../address.js';
import { ask } from '../api.js';

const PAGE = 120;
/** Pages kept; a list of a hundred thousand is not held whole. */
const KEPT = 60;

export interface SampleList {
  readonly total: number | undefined;
  readonly of: number;
  readonly problem: string | undefined;
  /** The sample in this place, where it has been fetched. */
  readonly at: (place: number) => ListedSample | undefined;
  /** Makes sure that these places come. */
  readonly need: (from: number, to: number) => void;
}

interface Fetched {
  readonly pages: Map<number, readonly ListedSample[] | 'asked'>;
  readonly stop: AbortController;
}

/** A filtered list, fetched page by page as it is looked at. */
export function useSampleList(cache: number, filter: Parameters, version: string): SampleList {
  const [heading, setHeading] = useState<{ total?: number; of: number; problem?: string }>({
    of: 0,
  });
  const [, redraw] = useState(0);
  const fetched = useRef<Fetched>({ pages: new Map(), stop: new AbortController() });
  const path = `caches/${cache}/samples`;

  const fetchPage = (page: number) => {
    const { pages, stop } = fetched.current;
    if (pages.has(page)) return;
    pages.set(page, 'asked');
    ask<ListAnswer>(address(path, { ...filter, from: page * PAGE, count: PAGE }), stop.signal).then(
      ({ total, of, items }) => {
        if (stop.signal.aborted) return;
        pages.set(page, items);
        // The first one in is the first one out; one that is in view again is fetched again.
        for (const old of pages.keys()) {
          if (pages.size <= KEPT) break;
          pages.delete(old);
        }
        setHeading({ total, of });
        redraw((count) => count + 1);
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        pages.delete(page);
        setHeading((before) => ({ ...before, problem: (error as Error).message }));
      },
    );
  };

  const name = address(path, { ...filter, version });
  useEffect(() => {
    fetched.current = { pages: new Map(), stop: new AbortController() };
    fetchPage(0);
    const { stop } = fetched.current;
    return () => { stop.abort(); }; // prettier-ignore
  }, [name]);

  return {
    total: heading.total,
    of: heading.of,
    problem: heading.problem,
    at(place) {
      const page = fetched.current.pages.get(Math.floor(place / PAGE));
      return page === undefined || page === 'asked' ? undefined : page[place % PAGE];
    },
    need(from, to) {
      for (let page = Math.floor(from / PAGE); page * PAGE < to; page++) fetchPage(page);
    },
  };
}
