import { mkdir, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { writeAtomically } from '../../../cache/folder/atomic-file.js';
import { parseDescription, type RunDescription } from './run-description.js';
import { compareData } from '../data/training-data.js';

/** One line of `metrics.jsonl`. */
export interface MetricsLine {
  readonly step: number;
  readonly loss: number;
  readonly lr: number;
  readonly epoch: number;
  readonly clipsPerSecond: number;
  /** Share of the step's time that went by before its batch was there. */
  readonly waiting: number;
  /** Clips of the step that stand in for others whose records are damaged. */
  readonly replaced: number;
  /** What the model made of the clips for validation after this step, where it was asked. */
  readonly validationLoss?: number;
  readonly validationTop1?: number;
  /** Share of the videos for validation that the nearest clips that are learned from tell right. */
  readonly validationKnn?: number;
  /** The parts of the loss of a system that has some, before they are weighted: CAV-MAE's. */
  readonly pictureLoss?: number;
  readonly soundLoss?: number;
  readonly contrastLoss?: number;
}

const CHECKPOINTS = 'checkpoints';
const METRICS = 'metrics.jsonl';
const CHECKPOINT_NAME = /^step-(\d{8})\.safetensors$/;

export const checkpointName = (step: number) => `step-${String(step).padStart(8, '0')}.safetensors`;

/** @throws Error when the folder holds no run */
export async function readRun(folder: string): Promise<RunDescription> {
  const path = join(folder, 'run.json');
  try {
    return parseDescription(await readFile(path, 'utf8'), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error(
        `${folder} is not a run folder: it has no run.json; give the folder that avme pretrain --run wrote`,
        {
          cause: error,
        },
      );
    throw error;
  }
}

/** The run in a folder, or undefined where there is none yet. */
export async function readRunIfAny(folder: string): Promise<RunDescription | undefined> {
  const entries = await readdir(folder).catch(() => [] as string[]);
  return entries.includes('run.json') ? readRun(folder) : undefined;
}

/** What differs between two descriptions, one line a field: "training.lr: run has 0.001, asked for 0.002". */
export function differences(run: RunDescription, asked: RunDescription): string[] {
  const lines: string[] = [];
  for (const part of ['model', 'training'] as const)
    for (const key of new Set([...Object.keys(run[part]), ...Object.keys(asked[part])]))
      if (!isDeepStrictEqual(run[part][key], asked[part][key]))
        lines.push(
          `${part}.${key}: run has ${JSON.stringify(run[part][key])}, asked for ${JSON.stringify(asked[part][key])}`,
        );
  if (!isDeepStrictEqual(run.classifier, asked.classifier))
    lines.push(
      `classifier: run has ${JSON.stringify(run.classifier)}, asked for ${JSON.stringify(asked.classifier)}`,
    );
  lines.push(...compareData(run.data, asked.data));
  if (!isDeepStrictEqual(run.validation, asked.validation))
    lines.push('validation: run was measured on other clips; give the same --validation-splits and --validation-cache'); // prettier-ignore
  return lines;
}

/** How a run can be made longer, where that is what was asked for. */
function longerText(
  { training: had }: RunDescription,
  { training: asked }: RunDescription,
): string {
  const length = (['steps', 'epochs'] as const).find((key) => asked[key] !== had[key]);
  if (length === undefined) return '';
  const steps = length === 'steps' && asked.steps !== undefined ? Number(asked.steps) : 'STEPS';
  return (
    `\nto train longer, give the settings of before and --extend ${steps}, which goes on at the last rate; ` +
    'or begin a new schedule with what it has learnt: --init RUN, and another --run'
  );
}

/**
 * Makes a run folder, or opens one that the same settings made.
 * @returns true when the run was there already
 * @throws Error listing the differences when the folder holds another run, or other files
 */
export async function openRun(folder: string, asked: RunDescription): Promise<boolean> {
  const run = await readRunIfAny(folder);
  if (run !== undefined) {
    const lines = differences(run, asked);
    if (lines.length > 0)
      throw new Error(
        `${folder} holds a run with other settings; choose another --run, or ask for the same:\n  ${lines.join('\n  ')}${longerText(run, asked)}`,
      );
    return true;
  }
  const entries = await readdir(folder).catch(() => [] as string[]);
  if (entries.length > 0)
    throw new Error(`${folder} is not empty and holds no run; choose another --run`);
  await mkdir(join(folder, CHECKPOINTS), { recursive: true });
  await writeAtomically(join(folder, 'run.json'), `${JSON.stringify(asked, null, 2)}\n`);
  return false;
}

/** Checkpoints of a run, oldest first. */
export async function listCheckpoints(folder: string): Promise<{ step: number; path: string }[]> {
  const names = await readdir(join(folder, CHECKPOINTS)).catch(() => [] as string[]);
  return names
    .flatMap((name) => {
      const step = CHECKPOINT_NAME.exec(name)?.[1];
      return step === undefined
        ? []
        : [{ step: Number(step), path: join(folder, CHECKPOINTS, name) }];
    })
    .sort((a, b) => a.step - b.step);
}

export const checkpointPath = (folder: string, step: number) =>
  join(folder, CHECKPOINTS, checkpointName(step));

/** What did best on the clips for validation; not there where none were given. */
export const bestCheckpointPath = (folder: string) => join(folder, CHECKPOINTS, 'best.safetensors');

/** Removes all but the newest `keep` checkpoints. */
export async function pruneCheckpoints(folder: string, keep: number): Promise<void> {
  const all = await listCheckpoints(folder);
  await Promise.all(all.slice(0, Math.max(0, all.length - keep)).map(({ path }) => rm(path)));
}

/** Metrics as they stand in the folder; a torn last line, left by a kill, is passed over. */
export async function readMetrics(folder: string): Promise<MetricsLine[]> {
  const text = await readFile(join(folder, METRICS), 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as MetricsLine);
}

/**
 * Opens the metrics for appending after `step`: what was logged after the checkpoint that the run
 * resumes from is dropped, since these steps are taken again.
 */
export async function openMetrics(folder: string, step: number): Promise<FileHandle> {
  const kept = (await readMetrics(folder)).filter((line) => line.step <= step);
  const path = join(folder, METRICS);
  await writeAtomically(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return open(path, 'a');
}
