import { useEffect, useState } from 'preact/hooks';
import type { MetricsAnswer } from '../../views/answers.js';
import { address } from '../address.js';
import { ask, embedded } from '../api.js';

export type Line = Readonly<Record<string, number>>;

export interface Metrics {
  readonly lines: readonly Line[];
  readonly problem: string | undefined;
}

/** Milliseconds between two looks at a run that may be going on. */
const EVERY = 2000;

/** What several runs have logged, growing as they go on. */
export function useMetrics(runs: readonly number[]): ReadonlyMap<number, Metrics> {
  const [all, setAll] = useState<ReadonlyMap<number, Metrics>>(new Map());
  const name = runs.join();
  useEffect(() => {
    const stop = new AbortController();
    const timers = new Set<number>();
    const follow = (run: number, cursor: string) => {
      ask<MetricsAnswer>(address(`runs/${run}/metrics`, { cursor }), stop.signal).then(
        (answer) => {
          if (stop.signal.aborted) return;
          setAll((before) => {
            const known = answer.reset || cursor === '' ? [] : (before.get(run)?.lines ?? []);
            // Nothing new: what was drawn stays.
            if (before.has(run) && answer.lines.length === 0 && !answer.reset) return before;
            return new Map(before).set(run, {
              lines: [...known, ...answer.lines],
              problem: undefined,
            });
          });
          if (embedded === undefined)
            timers.add(window.setTimeout(() => { follow(run, answer.cursor); }, EVERY)); // prettier-ignore
        },
        (error: unknown) => {
          if (stop.signal.aborted) return;
          const problem = (error as Error).message;
          setAll((before) =>
            new Map(before).set(run, { lines: before.get(run)?.lines ?? [], problem }),
          );
        },
      );
    };
    for (const run of runs) follow(run, '');
    return () => {
      stop.abort();
      for (const timer of timers) window.clearTimeout(timer);
    };
  }, [name]);
  return all;
}

/** A centred moving average over `2 · radius + 1` values, at the ends over as many as lie on both sides. */
export function smooth(values: readonly number[], radius: number): number[] {
  const sums = [0];
  for (const value of values) sums.push((sums.at(-1) ?? 0) + value);
  return values.map((_, i) => {
    const reach = Math.min(radius, i, values.length - 1 - i);
    const from = i - reach;
    const to = i + reach + 1;
    return ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from);
  });
}

const ORDER = ['loss', 'lr', 'clipsPerSecond'];
const NAMES: Readonly<Record<string, string>> = {
  loss: 'Loss',
  lr: 'Learning rate',
  clipsPerSecond: 'Clips a second',
  waiting: 'Waiting for data, part of the step',
  replaced: 'Clips in the place of damaged ones',
};
export const nameOfMetric = (metric: string) => NAMES[metric] ?? metric;

/** What there is to draw: the known ones first, then whatever else the runs have logged. */
export function metricsIn(all: Iterable<Metrics>): string[] {
  const found = new Set<string>();
  for (const { lines } of all)
    for (const line of [lines[0], lines.at(-1)])
      for (const name of Object.keys(line ?? {})) found.add(name);
  found.delete('step');
  found.delete('epoch');
  const others = [...found].filter((name) => !ORDER.includes(name)).sort();
  return [...ORDER.filter((name) => found.has(name)), ...others];
}
