import { useState } from 'preact/hooks';
import type { OverviewAnswer } from '../../views/answers.js';
import { address } from '../address.js';
import { embedded } from '../api.js';
import { useAnswer } from '../hooks.js';
import { number } from '../parts/figures.js';
import { Message, Waiting } from '../parts/message.js';
import { Views } from '../parts/views.js';
import type { ViewProps } from '../view-props.js';
import { Gallery } from './gallery.js';
import { Overview } from './overview.js';
import { QuarantineTable } from './quarantine.js';
import { SampleView } from './sample-view.js';

/** Until every header was read, the overview is asked for again and again. */
const AGAIN = 700;

export function CacheView({ route, go }: ViewProps) {
  const [fresh, setFresh] = useState(0);
  const [complete, setComplete] = useState(false);
  const asked = address(`caches/${route.id}`, fresh > 0 ? { fresh: 1, time: fresh } : {});
  const { data: overview, problem } = useAnswer<OverviewAnswer>(
    asked,
    complete ? undefined : AGAIN,
  );
  if (overview !== undefined && overview.surveyed >= 1 !== complete) setComplete(!complete);
  if (problem !== undefined) return <Message problem={problem} />;
  // The gallery need not wait for the numbers; nor a sample.
  if (overview === undefined && !['gallery', 'sample'].includes(route.view))
    return <Waiting what="Opening the cache" />;
  if (route.view === 'sample') return <SampleView key={route.id} route={route} go={go} />;
  const quarantined = overview?.quarantined ?? 0;
  return (
    <>
      <Views
        route={route}
        views={[
          ['gallery', 'Gallery'],
          ['overview', 'Overview'],
          ['quarantine', `Quarantine ${quarantined > 0 ? number(quarantined) : ''}`],
        ]}
      />
      {overview?.sealed === false && embedded === undefined && (
        <p class="note">
          This cache is not sealed: it is being written, or a run was stopped. It is shown as it was
          at {new Date(overview.read).toLocaleTimeString()}.{' '}
          <button
            type="button"
            onClick={() => {
              setFresh(Date.now());
            }}
          >
            Read it again
          </button>
        </p>
      )}
      {route.view === 'gallery' && (
        <Gallery
          route={route}
          go={go}
          overview={overview}
          version={fresh === 0 ? '' : (overview?.read ?? '')}
        />
      )}
      {route.view === 'overview' && overview !== undefined && (
        <Overview route={route} overview={overview} />
      )}
      {route.view === 'quarantine' && overview !== undefined && (
        <QuarantineTable overview={overview} />
      )}
    </>
  );
}
