import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { OverviewAnswer } from '../../views/answers.js';
import { readFilter, writeFilter } from '../../views/cache/filter.js';
import { useSize } from '../hooks.js';
import { Message } from '../parts/message.js';
import { withQuery, writeRoute, type Route } from '../route.js';
import { Cell } from './cell.js';
import { FilterBar } from './filter-bar.js';
import { layoutOf, scrollTo, windowOf } from './gallery-window.js';
import { useSampleList } from './sample-pages.js';

const SPARE = 2;
/** Room around the cells for the outline of the focus, as in the style sheet. */
const MARGIN = 3;
/** Milliseconds of rest after which the place is written into the address. */
const REST = 250;

interface GalleryProps {
  readonly route: Route;
  readonly go: (route: Route, replace?: boolean) => void;
  readonly overview: OverviewAnswer | undefined;
  /** Which state of a growing cache the list is of. */
  readonly version: string;
}

/** All samples that pass the filter; only those in view are in the page. */
export function Gallery({ route, go, overview, version }: GalleryProps) {
  const filter = Object.fromEntries(new URLSearchParams(writeFilter(readFilter(route.query))));
  const list = useSampleList(route.id, filter, version);
  const total = list.total ?? 0;
  const [box, { width: outer, height }] = useSize();
  const width = outer - 2 * MARGIN;
  const [scrolled, setScrolled] = useState(0);
  const [current, setCurrent] = useState(Number(route.query.get('at') ?? 0) || 0);
  // Keys may come faster than the page is drawn.
  const place = useRef(current);
  const focus = useRef(false);
  const rest = useRef(0);
  // By the time that scrolling rests, another filter may have been chosen.
  const latest = useRef(route);
  latest.current = route;
  const ready = width > 0 && list.total !== undefined;
  const layout = layoutOf(width, total);
  const view = windowOf(layout, scrolled, height, SPARE);
  const { columns } = layout;

  const show = (place: number) => {
    const element = box.current;
    if (element === null) return;
    const row = Math.floor(place / columns);
    const seen = windowOf(layout, element.scrollTop, height, 0);
    if (row > seen.first && row < seen.last - 1) return;
    const above = row >= seen.last - 1 ? Math.max(0, Math.floor(height / layout.row) - 1) : 0;
    element.scrollTop = scrollTo(layout, Math.max(0, row - above), height);
  };
  // Back at the place that the address names, once it is known how long the list is.
  const returned = useRef('');
  const name = writeFilter(readFilter(route.query));
  useLayoutEffect(() => {
    if (!ready || returned.current === `!${name}`) return;
    const at = Math.min(total - 1, Number(route.query.get('at') ?? 0) || 0);
    returned.current = `!${name}`;
    place.current = Math.max(0, at);
    setCurrent(place.current);
    const element = box.current;
    if (element !== null) element.scrollTop = scrollTo(layout, Math.floor(at / columns), height);
  }, [ready, name]);
  useEffect(() => {
    if (ready) list.need(view.first * columns, Math.min(total, view.last * columns));
  });
  useEffect(() => {
    if (!focus.current) return;
    const link = box.current?.querySelector<HTMLElement>(`[data-place="${place.current}"]`);
    if (link === null || link === undefined) return;
    link.focus({ preventScroll: true });
    focus.current = false;
  });

  const onScroll = () => {
    const top = box.current?.scrollTop ?? 0;
    setScrolled(top);
    window.clearTimeout(rest.current);
    rest.current = window.setTimeout(() => {
      const at = windowOf(layout, top, height, 0).first * columns;
      go(withQuery(latest.current, { at: at === 0 ? undefined : at }), true);
    }, REST);
  };
  useEffect(() => () => { window.clearTimeout(rest.current); }, []); // prettier-ignore
  const move = (by: number) => {
    const next = Math.max(0, Math.min(total - 1, place.current + by));
    focus.current = true;
    place.current = next;
    setCurrent(next);
    show(next);
  };
  const keys: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -columns * Math.max(1, Math.floor(height / layout.row)),
    PageDown: columns * Math.max(1, Math.floor(height / layout.row)),
    Home: -total,
    End: total,
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = keys[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(by);
  };
  const places = ready
    ? Array.from(
        { length: Math.max(0, Math.min(total, view.last * columns) - view.first * columns) },
        (_, i) => view.first * columns + i,
      )
    : [];
  // There is always one cell that the Tab key leads to.
  const held = places.includes(current) ? current : places[0];
  const hrefOf = (place: number) => {
    const sample = list.at(place);
    if (sample === undefined) return '';
    const query = new URLSearchParams(filter);
    return writeRoute({ ...route, view: 'sample', key: sample.key, query });
  };
  return (
    <>
      <FilterBar route={route} go={go} overview={overview} total={list.total} />
      {list.problem !== undefined && <Message problem={list.problem} />}
      {list.total === 0 && (
        <Message
          problem={
            list.of === 0 ? 'The cache holds no samples yet.' : 'No sample passes this filter.'
          }
        />
      )}
      <div class="gallery" ref={box} onScroll={onScroll} onKeyDown={onKeyDown} data-ready={ready}>
        <ul aria-label="Samples" style={{ height: `${layout.height}px` }}>
          <div
            class="window"
            role="presentation"
            style={{ transform: `translateY(${view.top}px)` }}
          >
            {places.map((place) => (
              <Cell
                key={place}
                cache={route.id}
                sample={list.at(place)}
                place={place}
                total={total}
                size={layout.cell}
                href={hrefOf(place)}
                current={place === held}
              />
            ))}
          </div>
        </ul>
      </div>
    </>
  );
}
