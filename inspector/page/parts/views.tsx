import { writeRoute, type Route } from '../route.js';

/** Links of one source's views. */
export function Views({
  route,
  views,
}: {
  route: Route;
  views: readonly (readonly [view: string, name: string])[];
}) {
  return (
    <nav class="views" aria-label="Views">
      {views.map(([view, name]) => (
        <a
          key={view}
          href={writeRoute({ ...route, view, key: '', query: new URLSearchParams() })}
          aria-current={route.view === view ? 'page' : undefined}
        >
          {name}
        </a>
      ))}
    </nav>
  );
}
