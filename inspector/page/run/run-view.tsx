import type { RunAnswer, SourcesAnswer } from '../../views/answers.js';
import { embedded } from '../api.js';
import { useAnswer, useKeys } from '../hooks.js';
import { Fields } from '../parts/figures.js';
import { Message, Waiting } from '../parts/message.js';
import { Views } from '../parts/views.js';
import type { RunProps, ViewProps } from '../view-props.js';
import { Attention } from './attention.js';
import { Confusion } from './confusion.js';
import { Curves } from './curves.js';
import { Ranking } from './ranking.js';
import { Reconstructions } from './reconstructions.js';

interface RunViewProps extends ViewProps {
  readonly sources: SourcesAnswer;
}

/** New checkpoints show up while a run goes on. */
const EVERY = 5000;
const PICTURES = ['reconstructions', 'samples', 'attention'];

export function RunView({ route, go, sources }: RunViewProps) {
  const { data: run, problem } = useAnswer<RunAnswer>(
    `runs/${route.id}`,
    embedded === undefined ? EVERY : undefined,
  );
  useKeys({ Escape: () => { go({ ...route, view: 'curves', query: new URLSearchParams() }); } }); // prettier-ignore
  if (problem !== undefined) return <Message problem={problem} />;
  if (run === undefined) return <Waiting what="Reading the run" />;
  const cache = sources.cacheOfRun[route.id];
  const views: (readonly [string, string])[] = [
    ['curves', 'Curves'],
    ['reconstructions', 'Reconstructions'],
  ];
  // Worked out by the model, sample by sample: not something for a file.
  if (embedded === undefined) views.push(['samples', 'Worst and best']);
  if (['av', 'av-cross'].includes(run.variant)) views.push(['attention', 'Attention']);
  if (run.confusion !== null) views.push(['confusion', 'Confusion']);
  views.push(['settings', 'Settings']);
  const pictures = PICTURES.includes(route.view);
  return (
    <>
      <Views route={route} views={views} />
      {route.view === 'curves' && <Curves route={route} go={go} sources={sources} />}
      {route.view === 'settings' && <Settings run={run} />}
      {route.view === 'confusion' && run.confusion !== null && (
        <Confusion confusion={run.confusion} />
      )}
      {pictures && typeof cache !== 'number' && (
        <Message problem={cache ?? 'The run has no cache.'} />
      )}
      {pictures && run.checkpoints.length === 0 && (
        <Message problem="The run has no checkpoint yet; its pictures begin with the first one." />
      )}
      {pictures && typeof cache === 'number' && run.checkpoints.length > 0 && (
        <Pictures route={route} go={go} run={run} cache={cache} />
      )}
    </>
  );
}

function Pictures(props: RunProps) {
  switch (props.route.view) {
    case 'samples':
      return <Ranking {...props} />;
    case 'attention':
      return <Attention {...props} />;
    default:
      return <Reconstructions {...props} />;
  }
}

function Settings({ run: { folder, description } }: { run: RunAnswer }) {
  const { model, training, data, cache, begunWith } = description;
  return (
    <>
      <p class="mono faint">{folder}</p>
      <div class="panels">
        <Fields caption="Model" fields={model} />
        <Fields caption="Training" fields={training} />
        <Fields caption="Cache" fields={cache} />
        <Fields caption="Data" fields={data} />
        <Fields caption="Begun with" fields={begunWith} />
      </div>
    </>
  );
}
