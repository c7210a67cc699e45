import type { ListAnswer } from '../../views/answers.js';
import { address, type Parameters } from '../address.js';
import { embedded } from '../api.js';
import { useAnswer } from '../hooks.js';
import { number } from '../parts/figures.js';
import { withQuery } from '../route.js';
import type { RunProps } from '../view-props.js';

/** What a picture of a run is made of, as the address names it. */
export interface PictureChoice {
  readonly step: number;
  readonly sample: number;
  readonly parameters: Parameters;
}

export function pictureChoice({ route, run }: RunProps): PictureChoice {
  const asked = Number(route.query.get('step') ?? NaN);
  const newest = run.checkpoints.at(-1) ?? 0;
  const step = run.checkpoints.includes(asked) ? asked : newest;
  const sample = Math.max(0, Math.floor(Number(route.query.get('sample') ?? 0)) || 0);
  const seed = route.query.get('seed') ?? undefined;
  const ratio = route.query.get('ratio') ?? undefined;
  const mute = route.query.get('mute') ?? undefined;
  return { step, sample, parameters: { step, sample, seed, ratio, mute } };
}

/** Samples whose pictures of this run are in the file that the page is in. */
function samplesInFile(run: number): number[] {
  const start = `runs/${run}/reconstruction?`;
  return Object.keys(embedded?.answers ?? {})
    .filter((asked) => asked.startsWith(start))
    .map((asked) => Number(new URLSearchParams(asked.slice(start.length)).get('sample')));
}

/** What a file has to choose from. */
function FileChoices(props: RunProps) {
  const { route, go } = props;
  return (
    <fieldset class="choices">
      <legend class="hidden">What is shown</legend>
      <label>
        Sample
        <select
          value={pictureChoice(props).sample}
          onChange={(event) => {
            go(withQuery(route, { sample: event.currentTarget.value }), true);
          }}
        >
          {samplesInFile(route.id).map((sample) => (
            <option key={sample} value={sample}>
              {sample}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  );
}

/** Checkpoint, sample and mask of a picture. */
export function PictureChoices(props: RunProps) {
  return embedded === undefined ? <LiveChoices {...props} /> : <FileChoices {...props} />;
}

function LiveChoices(props: RunProps) {
  const { route, go, run, cache } = props;
  const { step, sample } = pictureChoice(props);
  const { data: list } = useAnswer<ListAnswer>(address(`caches/${cache}/samples`, { from: sample, count: 1 })); // prettier-ignore
  const set = (change: Readonly<Record<string, string | number | undefined>>) => { go(withQuery(route, change), true); }; // prettier-ignore
  const place = run.checkpoints.indexOf(step);
  const item = list?.items[0];
  const total = list?.of ?? 0;
  const mute = route.query.get('mute') === '1';
  return (
    <fieldset class="choices">
      <legend class="hidden">What is shown</legend>
      <label class="wide">
        Checkpoint
        <input
          type="range"
          min="0"
          max={run.checkpoints.length - 1}
          value={place}
          disabled={run.checkpoints.length < 2}
          aria-valuetext={`step ${step}`}
          onInput={(event) => {
            set({ step: run.checkpoints[Number(event.currentTarget.value)] });
          }}
        />
        <span class="value">step {number(step)}</span>
      </label>
      <label>
        Sample
        <button
          type="button"
          aria-label="Previous sample"
          disabled={sample <= 0}
          onClick={() => {
            set({ sample: sample - 1 });
          }}
        >
          ‹
        </button>
        <input
          type="number"
          min="0"
          max={Math.max(0, total - 1)}
          value={sample}
          onChange={(event) => {
            set({
              sample: Math.min(
                total - 1,
                Math.max(0, Math.floor(Number(event.currentTarget.value) || 0)),
              ),
            });
          }}
        />
        <button
          type="button"
          aria-label="Next sample"
          disabled={sample >= total - 1}
          onClick={() => {
            set({ sample: sample + 1 });
          }}
        >
          ›
        </button>
      </label>
      <span class="faint">
        {item === undefined
          ? ''
          : `${item.label ?? 'no label'} · ${item.id.split('/').at(-1) ?? ''}`}
      </span>
      <label>
        Masked
        <input
          type="range"
          min="0.1"
          max="0.95"
          step="0.05"
          value={route.query.get('ratio') ?? String(ratioOf(props))}
          onChange={(event) => {
            set({ ratio: event.currentTarget.value });
          }}
        />
        <span class="value">{Number(route.query.get('ratio') ?? ratioOf(props)).toFixed(2)}</span>
      </label>
      <label>
        Seed
        <input
          type="number"
          min="0"
          value={route.query.get('seed') ?? '0'}
          onChange={(event) => {
            set({ seed: event.currentTarget.value });
          }}
        />
      </label>
      {run.variant !== 'v' && (
        <label>
          <input
            type="checkbox"
            checked={mute}
            onChange={() => {
              set({ mute: mute ? undefined : 1 });
            }}
          />
          without sound
        </label>
      )}
    </fieldset>
  );
}

function ratioOf({ run }: RunProps): number {
  const training = run.description['training'] as { readonly maskRatio?: number } | undefined;
  return training?.maskRatio ?? 0.75;
}
