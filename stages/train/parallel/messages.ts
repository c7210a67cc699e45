import type { BackendName } from '../../../engine/backend.js';
import type { ModelConfig } from '../../../model/config.js';
import type { Schedule } from '../../../model/optim/schedule.js';
import type { ClipBatch } from '../../batch/batch.js';
import type { Measurement } from '../measure.js';
import type { NamedValues } from '../optimizer.js';
import type { StepResult, TrainerOptions } from '../train.js';
import type { BatchPart, GroupMemory } from './worker-group.js';

/** What a thread begins with. */
export interface ThreadData {
  readonly rank: number;
  readonly memory: GroupMemory;
  readonly backend: BackendName;
  readonly config: ModelConfig;
  readonly options: TrainerOptions<ClipBatch>['options'];
  readonly plan: Schedule;
  readonly initial: NamedValues;
  readonly step: number;
}

/** What the threads are told to do, and what comes of it, by the name of the work. */
export interface Work {
  add: { readonly order: { readonly batch: ClipBatch; readonly part: BatchPart }; readonly result: PartResult }; // prettier-ignore
  finish: { readonly order: object; readonly result: StepResult };
  measure: { readonly order: { readonly batch: ClipBatch }; readonly result: Measurement };
  state: { readonly order: object; readonly result: NamedValues };
}

/** Loss of a whole batch; not a finite number where it was refused. */
export interface PartResult {
  readonly loss: number;
}

export type Order = { [Name in keyof Work]: { readonly work: Name } & Work[Name]['order'] }[keyof Work]; // prettier-ignore

/** Answers come in the order of the orders; the first one says that the thread is ready. */
export type Answer = { readonly result: unknown } | { readonly error: string };
