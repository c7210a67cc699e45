import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { openCache, writeAtomically } from '../../cache/index.js';
import { SYSTEM_NAMES, systemOf } from '../../model/index.js';
import { cachedMaskRatio } from '../training/training-batches.js';
import { openTrainingData } from '../training/training-data.js';
import { avmeVersion } from '../version.js';
import { execute, type JobEvent } from './execute.js';
import { drawFigures } from './figures.js';
import { gatherRun, type GatheredRun } from './gather.js';
import { reproduceOptions, type ReproduceInput, type ReproduceOptions } from './options.js';
import {
  planAll,
  planJobs,
  type Job,
  type PlannedSubject,
  type Recipe,
  type Setting,
} from './plan.js';
import { renderReport } from './report/report.js';
import type { Results } from './results.js';

export interface ReproduceRequest extends ReproduceInput {
  readonly cache: string;
  /** Clips that classifiers learn from and are measured on, where they are others; default `cache`. */
  readonly finetuneCache?: string | undefined;
  /** Folder for runs and report; what is there already is gone on with. */
  readonly out: string;
  /** Sections `pretrain`, `finetune` and `evaluate` hold for all systems. */
  readonly recipe?: Recipe | undefined;
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

/** What is run, and in which order; nothing is started. */
export interface ReproducePlan {
  readonly options: ReproduceOptions;
  readonly setting: Setting;
  readonly cache: Omit<Results['cache'], 'classes'>;
  /** Where classifiers have clips of their own. */
  readonly finetuneCache: Results['finetuneCache'];
  readonly subjects: readonly PlannedSubject[];
  readonly jobs: readonly Job[];
}

/**
 * The systems that are asked for, or else all that a cache has the sound for; and its share of masked positions.
 * @throws Error where it lacks the sound for one that is asked for
 */
async function offerOf(cache: string, asked: ReproduceOptions['systems']) {
  const reader = await openCache(cache);
  try {
    const mel = reader.manifest.shape.melBands !== undefined;
    const fitting = SYSTEM_NAMES.filter((variant) => mel || !systemOf({ variant }).input.mel);
    const other = asked?.find((system) => !fitting.includes(system));
    if (other !== undefined)
      throw new Error(
        `--systems ${other}: hears by log-mel spectra, which ${cache} does not hold; make it anew with avme preprocess --mel 128, or leave ${other} out`,
      );
    return { systems: asked ?? fitting, maskRatio: cachedMaskRatio(reader) };
  } finally {
    await reader.close();
  }
}

function chooseOptions(request: ReproduceRequest): ReproduceOptions {
  return reproduceOptions.parse(
    Object.fromEntries(Object.entries(request).filter(([key]) => key in reproduceOptions.shape)),
  );
}

/** How many clips there are, and how many of those that are measured on have sound. */
async function describeCache(cache: string, { splits, testSplits }: ReproduceOptions) {
  await using train = await openTrainingData(cache, { splits }, 'all');
  await using test = await openTrainingData(cache, { splits: testSplits }, 'all');
  const [{ reader, indices = [] }] = test.sources;
  const sounding = indices.filter((index) => reader.header(index).flags.audioPresent).length;
  return {
    fingerprint: reader.manifest.fingerprint,
    train: train.sources[0].indices?.length ?? reader.size,
    test: indices.length,
    sounding: indices.length === 0 ? 0 : sounding / indices.length,
  };
}

/** Says what would be run. @throws Error where the cache has no sound for a system that is asked for */
export async function planReproduction(request: ReproduceRequest): Promise<ReproducePlan> {
  const options = chooseOptions(request);
  const both = options.splits.filter((split) => options.testSplits.includes(split));
  if (both.length > 0)
    throw new Error(`--test-splits ${both.join(',')}: would be learned from and measured on; choose others`); // prettier-ignore
  const { cache, finetuneCache = cache } = request;
  if (finetuneCache !== cache && !options.finetune)
    throw new Error(`--finetune-cache ${finetuneCache}: nothing is fine-tuned with --no-finetune; leave one of them out`); // prettier-ignore
  const labelled = await offerOf(finetuneCache, options.systems);
  const { systems, maskRatio } = await offerOf(cache, options.systems);
  const setting: Setting = {
    cache: resolve(cache),
    finetuneCache: resolve(finetuneCache),
    recipe: request.recipe,
    systems: systems.filter((system) => labelled.systems.includes(system)),
    maskRatio: options.maskRatio ?? maskRatio,
  };
  const subjects = planAll(options, setting);
  return {
    options,
    cache: await describeCache(cache, options),
    finetuneCache: finetuneCache === cache ? undefined : await describeCache(finetuneCache, options), // prettier-ignore
    setting,
    subjects,
    jobs: planJobs(subjects, options, setting),
  };
}

/** One process on its share of the cores: TensorFlow takes them all otherwise, in every process. */
function threadsOf(jobs: number): NodeJS.ProcessEnv {
  const share = String(Math.max(1, Math.floor(availableParallelism() / jobs)));
  const { TF_NUM_INTRAOP_THREADS = share, TF_NUM_INTEROP_THREADS = '1' } = process.env;
  return { TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS };
}

async function assemble(
  plan: ReproducePlan,
  runs: readonly [GatheredRun, ...GatheredRun[]],
  jobs: number,
): Promise<Results> {
  const [first] = runs;
  return {
    schema: 1,
    avme: await avmeVersion(),
    cache: {
      ...plan.cache,
      classes: [...(runs.find((run) => run.classes.length > 0)?.classes ?? [])],
    },
    finetuneCache: plan.finetuneCache,
    protocol: {
      seeds: [...new Set(runs.map(({ result }) => result.seed))],
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
