import { readPlan } from './plan-file.js';
import { doneParts, readDone, seeWorkers, type SeenWorker } from './progress-files.js';

/** How far the work on a plan is. */
export interface PlanStatus {
  readonly parts: number;
  readonly done: number;
  /** Parts that a worker is at. */
  readonly active: number;
  /** Videos of the plan, and those in parts that are done. */
  readonly videos: number;
  readonly videosDone: number;
  readonly clips: number;
  readonly quarantined: number;
  /** Of all workers that live, together. */
  readonly clipsPerSecond: number;
  readonly workers: readonly SeenWorker[];
}

/** A worker that has not said anything for so many seconds is taken for dead. */
const PATIENCE = 180;

/** @throws CacheError when there is no plan */
export async function planStatus(cache: string, patience = PATIENCE): Promise<PlanStatus> {
  const plan = await readPlan(cache);
  const [done, results] = [await doneParts(plan), await readDone(plan)];
  const workers = await seeWorkers(cache);
  const living = workers.filter(({ age, failure }) => age < patience && failure === null);
  const active = new Set(living.flatMap(({ part }) => (part === null ? [] : [part])));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    parts: plan.digests.length,
    done: done.size,
    active: active.size,
    videos: plan.videos,
    videosDone: sum(results.map(({ videos }) => videos)),
    clips: sum(results.map(({ clips }) => clips)),
    quarantined: sum(results.map(({ quarantined }) => quarantined)),
    clipsPerSecond: sum(living.map(({ clips, seconds }) => clips / Math.max(seconds, 1e-9))),
    workers,
  };
}

/** The status as Prometheus reads it. */
export function prometheusText(status: PlanStatus): string {
  const { parts, done, active, videos, videosDone, clips, quarantined, clipsPerSecond, workers } = status; // prettier-ignore
  const failures = workers.filter(({ failure }) => failure !== null).length;
  const gauges: readonly (readonly [string, string, number])[] = [
    ['parts', 'Parts of the plan', parts],
    ['parts_done', 'Parts that are done', done],
    ['parts_active', 'Parts that a worker is at', active],
    ['videos', 'Videos of the plan', videos],
    ['videos_done', 'Videos in parts that are done', videosDone],
    ['clips', 'Clips in parts that are done', clips],
    ['videos_quarantined', 'Videos in quarantine, in parts that are done', quarantined],
    ['clips_per_second', 'Of all workers that live', clipsPerSecond],
    ['workers', 'Workers that have said something', workers.length - failures],
    ['workers_failed', 'Workers that ended with an error', failures],
  ];
  return gauges
    .map(
      ([name, help, value]) =>
        `# HELP avme_${name} ${help}.\n# TYPE avme_${name} gauge\navme_${name} ${value}\n`,
    ) // prettier-ignore
    .join('');
}
