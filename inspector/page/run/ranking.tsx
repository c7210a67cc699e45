import type { RankedSample, RankingAnswer } from '../../views/answers.js';
import { address } from '../address.js';
import { embedded, pictureAt } from '../api.js';
import { useAnswer } from '../hooks.js';
import { Message } from '../parts/message.js';
import { withQuery, writeRoute } from '../route.js';
import { pictureChoice } from './picture-choices.js';
import type { RunProps } from '../view-props.js';

const EVERY = 1000;
const SHOWN = 8;
const COUNT = 24;

function Row({
  title,
  samples,
  props,
}: {
  title: string;
  samples: readonly RankedSample[];
  props: RunProps;
}) {
  const { route, cache } = props;
  const { step } = pictureChoice(props);
  return (
    <section>
      <h2>{title}</h2>
      <ul class="ranked">
        {samples.map(({ index, key, id, clip, label, mse }) => {
          const query = new URLSearchParams({ sample: String(index), step: String(step) });
          return (
            <li key={key}>
              <a href={writeRoute({ ...route, view: 'reconstructions', query })} title={id}>
                <img
                  class="thumb"
                  src={pictureAt(address(`caches/${cache}/samples/${index}/thumbnail`, { key }))}
                  alt=""
                />
                <span class="label">{mse.toFixed(4)}</span>
                <span class="id">
                  {label ?? 'no label'} · {id.split('/').at(-1)} · clip {clip}
                </span>
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Where the model fails, and where it does best, among samples spread over the cache. */
export function Ranking(props: RunProps) {
  const { route, go, run } = props;
  const { step } = pictureChoice(props);
  const count = Math.max(1, Math.min(256, Number(route.query.get('count') ?? COUNT) || COUNT));
  const asked = address(`runs/${route.id}/ranking`, { step, count });
  const { data, problem } = useAnswer<RankingAnswer>(
    asked,
    embedded === undefined ? EVERY : undefined,
  );
  if (problem !== undefined) return <Message problem={problem} />;
  const shown = Math.min(SHOWN, Math.ceil((data?.samples.length ?? 0) / 2));
  return (
    <>
      {embedded === undefined && (
        <fieldset class="choices">
          <legend class="hidden">What is compared</legend>
          <label>
            Checkpoint
            <select
              value={step}
              onChange={(event) => {
                go(withQuery(route, { step: event.currentTarget.value }), true);
              }}
            >
              {run.checkpoints.toReversed().map((each) => (
                <option key={each} value={each}>
                  step {each}
                </option>
              ))}
            </select>
          </label>
          <label>
            Samples
            <select
              value={count}
              onChange={(event) => {
                go(withQuery(route, { count: event.currentTarget.value }), true);
              }}
            >
              {[24, 64, 128, 256].map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </label>
        </fieldset>
      )}
      <p class="figure" role="status">
        {data === undefined
          ? 'The model is at work …'
          : data.done < data.total
            ? `The model is at work: ${data.done} of ${data.total} samples`
            : `Of ${data.total} samples spread over the cache, by the mean squared error of their masked pixels`}
        {data !== undefined && data.done < data.total && (
          <progress max={data.total} value={data.done} aria-label="Samples done" />
        )}
      </p>
      {data !== undefined && data.samples.length > 0 && (
        <>
          <Row title="Worst" samples={data.samples.slice(0, shown)} props={props} />
          <Row title="Best" samples={data.samples.toReversed().slice(0, shown)} props={props} />
        </>
      )}
    </>
  );
}
