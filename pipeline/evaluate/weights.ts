import { access } from 'node:fs/promises';
import { averagesOf } from '../../model/weights/averages.js';
import { lastCheckpoint, loadCheckpoint, type Checkpoint } from '../training/run/checkpoint.js';
import { bestCheckpointPath } from '../training/run/run-folder.js';

/** Which weights of a run: what did best on its clips for validation, the last ones, or a file. */
export type CheckpointChoice = 'best' | 'last' | (string & {});

async function find(run: string, choice: CheckpointChoice | undefined): Promise<Checkpoint> {
  if (choice !== undefined && choice !== 'best' && choice !== 'last') return loadCheckpoint(choice);
  const best = bestCheckpointPath(run);
  const hasBest = await access(best).then(() => true, () => false); // prettier-ignore
  if (choice === 'best' && !hasBest)
    throw new Error(`${run} has no best checkpoint: it was not measured as it learned (--validation-splits); take the last one`); // prettier-ignore
  if (hasBest && choice !== 'last') return loadCheckpoint(best);
  return lastCheckpoint(run);
}

/**
 * The weights that a run is judged by: the best where it has some, and averaged where averages were kept.
 * @param averaged false: the plain weights, whatever else there is
 */
export async function readWeightsOf(
  run: string,
  choice?: CheckpointChoice,
  averaged = true,
): Promise<Checkpoint> {
  const { step, tensors } = await find(run, choice);
  return { step, tensors: (averaged ? averagesOf(tensors) : undefined) ?? tensors };
}
