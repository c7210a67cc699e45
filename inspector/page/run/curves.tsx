import { useMemo } from 'preact/hooks';
import type { SourcesAnswer } from '../../views/answers.js';
import { Message, Waiting } from '../parts/message.js';
import { number } from '../parts/figures.js';
import { withQuery, type Route } from '../route.js';
import { Chart, type Curve } from './chart.js';
import { metricsIn, nameOfMetric, useMetrics, type Metrics } from './metrics.js';

interface CurvesProps {
  readonly route: Route;
  readonly go: (route: Route, replace?: boolean) => void;
  readonly sources: SourcesAnswer;
}

const NOISY = ['loss', 'clipsPerSecond', 'waiting'];
/** Drawn only where it ever was anything but 0. */
const RARE = ['replaced'];

function curveOf(
  name: string,
  colour: number,
  { lines }: Metrics,
  metric: string,
  across: string,
): Curve | undefined {
  const own = lines.filter((line) => line[metric] !== undefined && line[across] !== undefined);
  if (own.length === 0) return undefined;
  return {
    name,
    colour,
    x: own.map((line) => line[across] ?? 0),
    y: own.map((line) => line[metric] ?? NaN),
  };
}

export function Curves({ route, go, sources }: CurvesProps) {
  const runs = sources.sources.filter(({ kind }) => kind === 'run');
  const chosen = route.query.get('runs')?.split(',').map(Number) ?? [route.id];
  const metrics = useMetrics(runs.map(({ id }) => id));
  const across = route.query.get('across') === 'epoch' ? 'epoch' : 'step';
  const log = route.query.get('log') === '1';
  const set = (change: Readonly<Record<string, string | undefined>>) => { go(withQuery(route, change), true); }; // prettier-ignore
  const shown = runs.filter(({ id }) => chosen.includes(id));
  const charts = useMemo(
    () =>
      metricsIn(shown.flatMap(({ id }) => metrics.get(id) ?? [])).map((metric) => ({
        metric,
        curves: shown.flatMap(({ id, name }) => {
          const own = metrics.get(id);
          return (own && curveOf(name, id, own, metric, across)) ?? [];
        }),
      })),
    [metrics, route.query.get('runs'), across],
  );
  const drawn = charts.filter(
    ({ metric, curves }) =>
      !RARE.includes(metric) || curves.some(({ y }) => y.some((value) => value !== 0)),
  );
  const toggle = (id: number) => {
    const next = chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id];
    set({ runs: next.sort((a, b) => a - b).join(',') });
  };
  const problems = shown.flatMap(({ id }) => metrics.get(id)?.problem ?? []);
  const none = shown.every(({ id }) => metrics.get(id)?.lines.length === 0);
  return (
    <>
      <fieldset class="choices">
        <legend class="hidden">What is drawn</legend>
        {runs.map(({ id, name, folder }) => (
          <label key={id} title={folder} class={`run series-${id % 6}`}>
            <input
              type="checkbox"
              checked={chosen.includes(id)}
              onChange={() => {
                toggle(id);
              }}
            />
            {name} <span class="faint">{lastOf(metrics.get(id))}</span>
          </label>
        ))}
        <span class="gap" />
        <label>
          <input
            type="checkbox"
            checked={log}
            onChange={() => {
              set({ log: log ? undefined : '1' });
            }}
          />
          logarithmic loss
        </label>
        <label>
          <input
            type="checkbox"
            checked={across === 'epoch'}
            onChange={() => {
              set({ across: across === 'epoch' ? undefined : 'epoch' });
            }}
          />
          by epoch
        </label>
      </fieldset>
      {problems.map((problem) => (
        <Message key={problem} problem={problem} />
      ))}
      {problems.length === 0 &&
        charts.length === 0 &&
        (shown.length > 0 && none ? (
          <p class="note">No step was logged yet.</p>
        ) : (
          shown.length > 0 && <Waiting what="Reading the metrics" />
        ))}
      <div class="charts">
        {drawn.map(({ metric, curves }) => (
          <Chart
            key={metric}
            title={nameOfMetric(metric)}
            across={across}
            curves={curves}
            log={log && metric === 'loss'}
            noisy={NOISY.includes(metric)}
          />
        ))}
      </div>
    </>
  );
}

function lastOf(metrics: Metrics | undefined): string {
  const last = metrics?.lines.at(-1);
  if (last === undefined) return '';
  const { step = 0, loss } = last;
  return `step ${number(step)}${loss === undefined ? '' : `, loss ${loss.toPrecision(3)}`}`;
}
