import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from '../../cache/folder/atomic-file.js';
import { avmeVersion } from '../../pipeline/version.js';
import { execute, type JobEvent } from './execute.js';
import { drawFigures } from './figures.js';
import { gatherRun, type GatheredRun } from './gather.js';
import { planReproduction, type PlanRequest, type ReproducePlan } from './prepare.js';
import { renderReport } from './report/report.js';
import type { Results } from './results.js';

export interface ReproduceRequest extends PlanRequest {
  /** Folder for runs and report; what is there already is gone on with. */
  readonly out: string;
  /** How avme is started, e.g. `[node, avme.js]`. */
  readonly avme: readonly [string, ...string[]];
  /** Commands at once; default one a core. */
  readonly jobs?: number | undefined;
  readonly onEvent?: ((event: ReproduceEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type ReproduceEvent =
  { readonly event: 'start'; readonly subjects: number; readonly jobs: number } | JobEvent;

export interface ReproduceSummary {
  /** The page; none where it was stopped before any system was done. */
  readonly report: string | null;
  /** Systems that were trained and measured, and that were planned. */
  readonly done: number;
  readonly planned: number;
  /** Stopped before its end; the same command goes on. */
  readonly interrupted: boolean;
}

/** One process on its share of the cores: TensorFlow takes them all otherwise, in every process. */
function threadsOf(jobs: number): NodeJS.ProcessEnv {
  const fraction = String(Math.max(1, Math.floor(availableParallelism() / jobs)));
  const { TF_NUM_INTRAOP_THREADS = fraction, TF_NUM_INTEROP_THREADS = '1' } = process.env;
  return { TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS };
}

async function assemble(
  plan: ReproducePlan,
  runs: readonly [GatheredRun, ...GatheredRun[]],
  jobs: number,
): Promise<Results> {
  const [first] = runs;
  return {
    schema: 2,
    avme: await avmeVersion(),
    caches: [...plan.caches],
    finetuneCaches: [...plan.finetuneCaches],
    classes: [...(runs.find((run) => run.classes.length > 0)?.classes ?? [])],
    protocol: {
      seeds: [...new Set(runs.map(({ result }) => result.seed))],
      testSplits: plan.options.testSplits,
      steps: first.steps,
      finetuneSteps: Math.max(...runs.map((run) => run.finetuneSteps)),
      batch: first.batch,
      maskRatio: plan.setting.maskRatio,
      backend: first.backend,
      cores: availableParallelism(),
      jobs,
    },
    runs: runs.map(({ result }) => result),
    commands: plan.jobs.map(({ command, args }) => ['avme', command, ...args].join(' ')),
    seconds: runs.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

/** Writes down what is done so far. @returns how many systems, and the report */
async function writeReport(out: string, plan: ReproducePlan, jobs: number) {
  const { options, setting } = plan;
  const gathered = await Promise.all(
    plan.subjects.map((subject) => gatherRun(subject, options, setting, out)),
  );
  const [first, ...others] = gathered.filter((run) => run !== undefined);
  if (first === undefined) return { done: 0, report: null };
  const results = await assemble(plan, [first, ...others], jobs);
  const done = plan.subjects.filter((_, i) => gathered[i] !== undefined);
  const figures = await drawFigures(done, options, setting, out);
  const { html, markdown, plots } = renderReport(results, figures);
  await mkdir(join(out, 'figures'), { recursive: true });
  for (const [file, svg] of plots) await writeAtomically(join(out, file), svg);
  const report = join(out, 'report.html');
  await writeAtomically(join(out, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  await writeAtomically(join(out, 'report.md'), markdown);
  await writeAtomically(report, html);
  return { done: done.length, report };
}

/**
 * Runs the comparisons of the paper on a cache: trains all systems from several seeds under one budget,
 * measures them on clips that none has learned from, and writes down what came out.
 * @throws Error when a command fails; what is done is kept, and the same request goes on
 */
export async function reproduce(request: ReproduceRequest): Promise<ReproduceSummary> {
  const { out, onEvent, signal, avme } = request;
  const plan = await planReproduction(request);
  const jobs = request.jobs ?? availableParallelism();
  await mkdir(out, { recursive: true });
  onEvent?.({ event: 'start', subjects: plan.subjects.length, jobs: plan.jobs.length });
  let finished = false;
  try {
    finished = await execute(plan.jobs, { out, avme, jobs, env: threadsOf(jobs), onEvent, signal });
  } catch (error) {
    // Hours of work may be done: what came of it is said before what went wrong.
    await writeReport(out, plan, jobs);
    throw error;
  }
  const written = await writeReport(out, plan, jobs);
  return { ...written, planned: plan.subjects.length, interrupted: !finished };
}
