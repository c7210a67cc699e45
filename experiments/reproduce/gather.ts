import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SOUNDS } from '../../stages/batch/clip-parts.js';
import { readMetrics } from '../../pipeline/training/run/run-folder.js';
import { readRecord, type JobRecord } from './execute.js';
import { jobsOf, type PlannedSubject, type Setting, type View } from './plan.js';
import type { ReproduceOptions } from './options.js';
import type { Classification, Reconstruction, RunResult } from './results.js';

/** Points of a curve: enough for a plot, and few enough that each is the mean of many steps. */
const POINTS = 80;

const trained = z.object({ step: z.int(), steps: z.int(), seconds: z.number() });
const begun = z.object({
  parameters: z.int(),
  batch: z.int(),
  backend: z.string(),
  resumedFrom: z.int(),
});
const reconstructed = z.object({ loss: z.number(), mse: z.number(), clips: z.int() });
const classified = z.object({
  classes: z.array(z.string()),
  accuracy: z.object({
    videos: z.int(),
    top1: z.number(),
    top5: z.number(),
    perClass: z.array(z.number().nullable()),
  }),
});
const predicted = z.object({ id: z.string(), label: z.string(), predicted: z.string() });
const onWorse = z.object({
  rows: z.array(
    z.object({
      sound: z.enum(SOUNDS),
      blur: z.number(),
      lowRes: z.number(),
      top1: z.number(),
      top5: z.number(),
    }),
  ),
});

/** The losses of a run, the mean of each stretch of steps. */
async function curveOf(run: string): Promise<RunResult['curve']> {
  const lines = await readMetrics(run);
  const stretch = Math.max(1, Math.ceil(lines.length / POINTS));
  const points: { step: number; loss: number }[] = [];
  for (let at = 0; at < lines.length; at += stretch) {
    const part = lines.slice(at, at + stretch);
    const loss = part.reduce((sum, line) => sum + line.loss, 0) / part.length;
    points.push({ step: part.at(-1)?.step ?? 0, loss });
  }
  return points;
}

/** Which videos a classifier had right, by their ids. */
async function rightOf(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'predictions.jsonl'), 'utf8');
  const lines = text.split('\n').filter(Boolean).map((line) => predicted.parse(JSON.parse(line))); // prettier-ignore
  return lines
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((line) => Number(line.label === line.predicted))
    .join('');
}

/** Time of a whole run, also where its record is of the part after an interruption. */
function secondsOf({ done, start, seconds }: JobRecord): number {
  const { steps } = trained.parse(done);
  const { resumedFrom } = begun.parse(start);
  return resumedFrom >= steps ? seconds : (seconds * steps) / (steps - resumedFrom);
}

/** Wall time of a step, without what comes before the first. */
function stepSecondsOf({ done, start }: JobRecord): number {
  const { steps, seconds } = trained.parse(done);
  const { resumedFrom } = begun.parse(start);
  return seconds / Math.max(1, steps - resumedFrom);
}

/** What one subject came to. */
export interface GatheredRun {
  readonly result: RunResult;
  readonly steps: number;
  readonly finetuneSteps: number;
  readonly batch: number;
  readonly backend: string;
  readonly classes: readonly string[];
  /** Time of all its commands, one after another. */
  readonly seconds: number;
}

/**
 * Puts together what the jobs of a subject wrote down. What is about its classifier is left out as long
 * as it is not whole.
 * @returns undefined as long as what is about reconstruction is not whole
 */
export async function gatherRun(
  planned: PlannedSubject,
  options: ReproduceOptions,
  setting: Setting,
  out: string,
): Promise<GatheredRun | undefined> {
  const { subject, folder, views } = planned;
  const records = new Map<string, JobRecord>();
  const classifies = options.finetune && subject.decoderDepth === undefined;
  const lacking = new Set<View['of']>(classifies ? [] : ['finetune']);
  for (const job of jobsOf(planned, options, setting)) {
    const record = await readRecord(out, job);
    if (record === undefined) lacking.add(job.of);
    else records.set(job.id, record);
  }
  const pretraining = records.get(`${folder}/pretrain`);
  if (pretraining === undefined || lacking.has('pretrain')) return undefined;
  const finetuning = lacking.has('finetune') ? undefined : records.get(`${folder}/finetune`);
  const reconstructions: Reconstruction[] = [];
  const classifications: Classification[] = [];
  let classes: readonly string[] = [];
  for (const view of views.filter(({ of }) => !lacking.has(of))) {
    const said = records.get(`${folder}/${view.name}`)?.done;
    if (view.of === 'pretrain') {
      const { maskRatio = subject.maskRatio, sound } = view;
      reconstructions.push({ maskRatio, sound, ...reconstructed.parse(said) });
      continue;
    }
    if (view.robustness) {
      const worse = onWorse.parse(said).rows.filter(({ blur, lowRes }) => blur > 0 || lowRes > 1);
      const videos = classifications[0]?.videos ?? 0;
      classifications.push(...worse.map((row) => ({ ...row, videos, right: '', perClass: [] })));
      continue;
    }
    const { accuracy, classes: names } = classified.parse(said);
    const right = await rightOf(join(out, folder, view.name));
    classifications.push({ sound: view.sound, blur: 0, lowRes: 1, right, ...accuracy });
    classes = names;
  }
  const trainings = [pretraining, ...(finetuning ? [finetuning] : [])];
  const { parameters, batch, backend } = begun.parse(pretraining.start);
  const evaluating = [...records.values()].filter((record) => !trainings.includes(record));
  const seconds = trainings.reduce((sum, record) => sum + secondsOf(record), 0);
  return {
    result: {
      ...subject,
      parameters,
      stepSeconds: stepSecondsOf(pretraining),
      seconds,
      curve: await curveOf(join(out, folder, 'pretrain')),
      reconstructions,
      classifications,
    },
    steps: trained.parse(pretraining.done).steps,
    finetuneSteps: finetuning === undefined ? 0 : trained.parse(finetuning.done).steps,
    batch,
    backend,
    classes,
    seconds: seconds + evaluating.reduce((sum, record) => sum + record.seconds, 0),
  };
}
