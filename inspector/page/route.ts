/** A view of the page, as the part of the address behind "#": copied, it shows the same again. */
export interface Route {
  readonly kind: 'cache' | 'run';
  readonly id: number;
  /** `gallery`, `overview`, `sample` …; what the kind has. */
  readonly view: string;
  /** Key of a sample, where the view shows one. */
  readonly key: string;
  readonly query: URLSearchParams;
}

const VIEWS = {
  cache: ['gallery', 'overview', 'quarantine', 'sample'],
  run: ['curves', 'reconstructions', 'samples', 'attention', 'confusion', 'settings'],
} as const;

/** @returns undefined for what is no view */
export function readRoute(hash: string): Route | undefined {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [kind, id = '', view = '', key = ''] = path.split('/');
  if ((kind !== 'cache' && kind !== 'run') || !/^\d{1,6}$/.test(id)) return undefined;
  const views: readonly string[] = VIEWS[kind];
  const known = view === '' ? views[0] : views.find((name) => name === view);
  if (known === undefined || (known === 'sample') !== /^[\w-]{1,200}$/.test(key)) return undefined;
  return { kind, id: Number(id), view: known, key, query: new URLSearchParams(query) };
}

export function writeRoute({ kind, id, view, key, query }: Route): string {
  const path = ['#', kind, String(id), view, key].filter((part) => part !== '').join('/');
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The route with other parameters; "" and undefined take one away. */
export function withQuery(
  route: Route,
  change: Readonly<Record<string, string | number | undefined>>,
): Route {
  const query = new URLSearchParams(route.query);
  for (const [name, value] of Object.entries(change))
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, String(value));
  return { ...route, query };
}
