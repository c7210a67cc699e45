import { availableParallelism } from 'node:os';
import type { ModelConfig } from '../../model/config.js';
import { learnsInParts } from '../../stages/train/parallel/parallel-trainer.js';
import type { TrainingBackend } from './engine.js';

/** Steps from which on a run gains from threads: each of them takes a second or two to start. */
const WORTHWHILE_STEPS = 200;

export interface ThreadRequest {
  /** Default: one a core on wasm, where the run is long enough to gain from it; else 1. */
  readonly asked: number | undefined;
  readonly backend: TrainingBackend;
  readonly config: Pick<ModelConfig, 'variant'>;
  /** Clips that are worked on at once: `batch / accumulate`. */
  readonly clips: number;
  /** Of the whole run, whatever was taken before: a run that goes on has as many threads. */
  readonly steps: number;
  /** Default this machine's. */
  readonly cores?: number;
}

/**
 * Threads that train.
 * @throws Error where more than one was asked for and cannot be
 */
export function chooseThreads({ asked, backend, config, clips, steps, cores = availableParallelism() }: ThreadRequest): number {
  const able = learnsInParts(config);
  if (asked === undefined)
    return backend === 'wasm' && able && steps >= WORTHWHILE_STEPS ? Math.min(cores, clips) : 1;
  if (asked === 1) return 1;
  const refuse = (why: string) => {
    throw new Error(`--train-workers: got ${asked}; ${why}`);
  };
  if (backend !== 'wasm' && backend !== 'cpu')
    refuse(`${backend} uses all cores by itself; leave it out, or choose --backend wasm`);
  if (!able) refuse(`${config.variant} compares the clips of a batch with each other and trains on one thread; leave it out`); // prettier-ignore
  if (asked > clips) refuse(`must be at most --batch / --accumulate, ${clips}`);
  return asked;
} // prettier-ignore
