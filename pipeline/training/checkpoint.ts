import { readSafetensors, writeSafetensors, type NamedArray } from '../../model/index.js';
import { checkpointPath, listCheckpoints, pruneCheckpoints } from './run-folder.js';

/** A checkpoint of a run: all that the next step depends on. */
export interface Checkpoint {
  readonly step: number;
  readonly tensors: Map<string, NamedArray>;
}

const FORMAT = 'avme-checkpoint-1';

/** Writes a checkpoint, whole or not at all, and removes all but the newest `keep`. @returns its path */
export async function saveCheckpoint(
  folder: string,
  { step, tensors }: Checkpoint,
  keep: number,
): Promise<string> {
  const path = checkpointPath(folder, step);
  await writeSafetensors(path, tensors, { format: FORMAT, step: String(step) });
  await pruneCheckpoints(folder, keep);
  return path;
}

/** @throws Error when the file is not a checkpoint of avme */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await readSafetensors(path);
  const step = Number(metadata['step']);
  if (metadata['format'] !== FORMAT || !Number.isInteger(step) || step < 0)
    throw new Error(`${path} is not a checkpoint of avme pretrain`);
  return { step, tensors };
}

/** The newest checkpoint of a run, or undefined where it has none yet. */
export async function newestCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const newest = (await listCheckpoints(folder)).at(-1);
  return newest === undefined ? undefined : loadCheckpoint(newest.path);
}
