import { useEffect, useRef, useState } from 'preact/hooks';
import type { SourcesAnswer } from '../views/answers.js';
import { embedded } from './api.js';
import { CacheView } from './cache/cache-view.js';
import { useAnswer, useKeys, useRoute } from './hooks.js';
import { Help } from './parts/help.js';
import { Message } from './parts/message.js';
import type { Route } from './route.js';
import { RunView } from './run/run-view.js';

const first = ({ sources }: SourcesAnswer): Route | undefined => {
  const [source] = sources;
  return (
    source && {
      kind: source.kind,
      id: source.id,
      view: source.kind === 'cache' ? 'gallery' : 'curves',
      key: '',
      query: new URLSearchParams(),
    }
  );
};

/** Names of the folders, to go from one to another. */
function Sources({ sources, route }: { sources: SourcesAnswer; route: Route | undefined }) {
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    list.current
      ?.querySelector('[aria-current]')
      ?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [route?.kind, route?.id]);
  return (
    <nav class="sources" aria-label="What is looked at" ref={list}>
      {sources.sources.map(({ kind, id, name, folder }) => (
        <a
          key={`${kind}${id}`}
          href={`#/${kind}/${id}`}
          title={folder}
          aria-current={route?.kind === kind && route.id === id ? 'page' : undefined}
        >
          <span class="kind">{kind}</span> {name}
        </a>
      ))}
    </nav>
  );
}

export function App() {
  const [asked, go] = useRoute();
  const [help, setHelp] = useState(false);
  const { data: sources, problem } = useAnswer<SourcesAnswer>('sources');
  const somewhere = window.location.hash.length > 2;
  const route = asked ?? (somewhere ? undefined : sources && first(sources));
  const source = sources?.sources.find(({ kind, id }) => kind === route?.kind && id === route.id);
  const title = source === undefined ? 'avme inspect' : `${source.name} · avme inspect`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  useKeys({ '?': () => { setHelp(true); } }); // prettier-ignore
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="top">
        <span class="brand">avme</span>
        {sources !== undefined && <Sources sources={sources} route={route} />}
        <button
          type="button"
          class="quiet"
          aria-label="Help: keys"
          onClick={() => {
            setHelp(true);
          }}
        >
          ?
        </button>
      </header>
      <main id="main" tabIndex={-1}>
        {problem !== undefined && <Message problem={problem} />}
        {sources !== undefined && source === undefined && (
          <Message problem="There is nothing at this address." />
        )}
        {sources !== undefined && source !== undefined && route?.kind === 'cache' && (
          <CacheView key={route.id} route={route} go={go} />
        )}
        {sources !== undefined && source !== undefined && route?.kind === 'run' && (
          <RunView key={route.id} route={route} go={go} sources={sources} />
        )}
      </main>
      {embedded !== undefined && (
        <footer class="written">
          A copy of {new Date(embedded.written).toLocaleString()}; avme inspect shows it all, live.
        </footer>
      )}
      {help && (
        <Help
          onClose={() => {
            setHelp(false);
          }}
        />
      )}
    </>
  );
}
