import {
  readSafetensors,
  writeSafetensors,
  type NamedArray,
} from '../../../model/weights/safetensors.js';
import {
  bestCheckpointPath,
  checkpointPath,
  listCheckpoints,
  pruneCheckpoints,
} from './run-folder.js';

/** A checkpoint of a run: all that the next step depends on. */
export interface Checkpoint {
  readonly step: number;
  readonly tensors: Map<string, NamedArray>;
}

const FORMAT = 'avme-checkpoint-1';

/** @throws Error naming weights that are no finite numbers: such a checkpoint would be gone on with for ever */
function checkFinite(tensors: Checkpoint['tensors']): void {
  const spoiled = [...tensors].filter(([, { data }]) => !data.every(Number.isFinite));
  if (spoiled.length === 0) return;
  const names = spoiled.slice(0, 3).map(([name]) => name);
  throw new Error(
    `the weights are no finite numbers any more (${names.join(', ')}${spoiled.length > 3 ? ', …' : ''}); go on from the last checkpoint with a smaller --lr, or with --clip-grad 1`,
  );
}

const write = (path: string, { step, tensors }: Checkpoint) =>
  writeSafetensors(path, tensors, { format: FORMAT, step: String(step) });

/**
 * Writes a checkpoint, whole or not at all, and removes all but the newest `keep`.
 * @returns its path
 * @throws Error when a weight is no finite number; nothing is written then
 */
export async function saveCheckpoint(
  folder: string,
  checkpoint: Checkpoint,
  keep: number,
): Promise<string> {
  checkFinite(checkpoint.tensors);
  const path = checkpointPath(folder, checkpoint.step);
  await write(path, checkpoint);
  await pruneCheckpoints(folder, keep);
  return path;
}

/** Keeps the weights that did best on the clips for validation; without what only training needs. */
export async function saveBest(folder: string, { step, tensors }: Checkpoint): Promise<void> {
  checkFinite(tensors);
  const weights = [...tensors].filter(([name]) => !name.startsWith('optimizer.'));
  await write(bestCheckpointPath(folder), { step, tensors: new Map(weights) });
}

/** @throws Error when the file is not a checkpoint of avme */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await readSafetensors(path);
  const step = Number(metadata['step']);
  if (metadata['format'] !== FORMAT || !Number.isInteger(step) || step < 0)
    throw new Error(`${path} is not a checkpoint of avme pretrain`);
  return { step, tensors };
}

/** The newest checkpoint of a run. @throws Error where it has none yet */
export async function lastCheckpoint(folder: string): Promise<Checkpoint> {
  const last = await newestCheckpoint(folder);
  if (last === undefined)
    throw new Error(`${folder} has no checkpoint yet; let it reach one first`);
  return last;
}

/** The newest checkpoint of a run, or undefined where it has none yet. */
export async function newestCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const newest = (await listCheckpoints(folder)).at(-1);
  return newest === undefined ? undefined : loadCheckpoint(newest.path);
}
