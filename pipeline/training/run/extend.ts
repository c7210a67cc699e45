import { join } from 'node:path';
import { writeAtomically } from '../../../cache/folder/atomic-file.js';
import type { TrainingPlan } from '../../../stages/train/training-options.js';
import { readRun, readRunIfAny } from './run-folder.js';

/** @throws Error when a run is to be extended that is not there */
export async function assertExtendable(folder: string, steps: number | undefined): Promise<void> {
  if (steps === undefined || (await readRunIfAny(folder)) !== undefined) return;
  throw new Error(
    `--extend: there is no run in ${folder}; leave it out, and say by --steps how long the run is to be`,
  );
}

/**
 * The plan of a run with what it was extended by, now and before; `run.json` says so. An extension
 * goes on at the last rate, with a cosine of its own down to 0.
 * @param plan as the run was begun
 * @param taken steps that were taken
 * @param steps how many there are to be in all; undefined: as many as there were to be
 * @throws Error when the run has not come to its end yet, or has more steps already
 */
export async function extendPlan(
  folder: string,
  plan: TrainingPlan,
  taken: number,
  steps: number | undefined,
): Promise<TrainingPlan> {
  const run = await readRun(folder);
  let extensions = run.extensions ?? [];
  const end = extensions.at(-1)?.steps ?? plan.steps;
  if (steps !== undefined && steps < end)
    throw new Error(`--extend: got ${steps}; the run has ${end} steps, give more than that`);
  if (steps !== undefined && steps > end) {
    if (taken < end)
      throw new Error(
        `--extend: got ${steps}; the run is at step ${taken} of ${end}: let it come to its end first, by the same command without --extend`,
      );
    extensions = [...extensions, { from: end, steps }];
    const text = `${JSON.stringify({ ...run, extensions }, null, 2)}\n`;
    await writeAtomically(join(folder, 'run.json'), text);
  }
  const last = extensions.at(-1);
  if (last === undefined) return plan;
  return { ...plan, steps: last.steps, extendedAt: extensions.map(({ from }) => from) };
}
