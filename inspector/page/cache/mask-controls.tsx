import type { MaskAnswer } from '../../views/answers.js';
import { embedded } from '../api.js';
import { withQuery, type Route } from '../route.js';

interface MaskControlsProps {
  readonly route: Route;
  readonly go: (route: Route, replace?: boolean) => void;
  readonly mask: MaskAnswer;
  readonly problem: string | undefined;
}

export function MaskControls({ route, go, mask, problem }: MaskControlsProps) {
  const set = (change: Readonly<Record<string, string | number | undefined>>) => {
    go(withQuery(route, change), true);
  };
  const on = route.query.get('mask') === '1';
  const drawn = route.query.get('ratio') !== null;
  const masked = mask.bits.replaceAll('0', '').length;
  const ratio = Number(route.query.get('ratio') ?? mask.ratio);
  const seed = Number(route.query.get('seed') ?? 0);
  return (
    <fieldset class="mask">
      <legend>Tube mask</legend>
      <label>
        <input
          type="checkbox"
          checked={on}
          aria-keyshortcuts="m"
          onChange={() => {
            set({ mask: on ? undefined : 1 });
          }}
        />
        Show it
      </label>
      <output class="faint">
        {masked} of {mask.bits.length} positions hidden{drawn ? '' : ', as in the cache'}
      </output>
      {embedded === undefined && (
        <>
          <label>
            Ratio
            <input
              type="range"
              min="0.05"
              max="0.95"
              step="0.05"
              value={ratio}
              onInput={(event) => {
                set({ mask: 1, ratio: event.currentTarget.value, seed });
              }}
            />
            <span class="value">{ratio.toFixed(2)}</span>
          </label>
          <label>
            Seed
            <input
              type="number"
              min="0"
              step="1"
              value={seed}
              onInput={(event) => {
                set({
                  mask: 1,
                  ratio,
                  seed: Math.max(0, Math.floor(Number(event.currentTarget.value) || 0)),
                });
              }}
            />
          </label>
          {drawn && (
            <button
              type="button"
              onClick={() => {
                set({ ratio: undefined, seed: undefined });
              }}
            >
              The cache’s own
            </button>
          )}
        </>
      )}
      {problem !== undefined && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </fieldset>
  );
}
