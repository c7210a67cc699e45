import type { ResourceLimits } from 'node:worker_threads';
import type { BackendName } from '../../../engine/backend.js';
import type { ModelConfig } from '../../../model/config.js';
import { cosineWithWarmup } from '../../../model/optim/schedule.js';
import type { ClipBatch } from '../../batch/batch.js';
import { reconstructionObjective } from '../objective.js';
import type { NamedValues } from '../optimizer.js';
import type { Measurement } from '../measure.js';
import { LossError, type StepResult, type Trainer, type TrainerOptions } from '../train.js';
import { partOfBatch, partsOf } from './split-batch.js';
import { TrainingThread } from './training-thread.js';
import { endGroup, GroupEndedError, groupMemory } from './worker-group.js';

export interface ParallelTrainerOptions extends Omit<TrainerOptions<ClipBatch>, 'objective' | 'capture' | 'precision' | 'group'> {
  readonly config: ModelConfig;
  /** One that computes on the thread that calls it: `wasm` or `cpu`. */
  readonly backend: BackendName;
  /** Threads; no batch may have fewer clips. */
  readonly threads: number;
  /** Of each thread; default Node's. */
  readonly resourceLimits?: ResourceLimits | undefined;
} // prettier-ignore

/** Systems whose loss compares the clips of a batch with each other cannot be trained in parts. */
export const learnsInParts = ({ variant }: Pick<ModelConfig, 'variant'>) => variant !== 'cav-mae';

/** Mean over the clips of what was measured batch by batch. */
function meanOf(measured: readonly Measurement[]): Measurement {
  const clips = measured.reduce((sum, one) => sum + one.clips, 0);
  const loss = measured.reduce((sum, one) => sum + one.loss * one.clips, 0) / clips;
  return { clips, loss };
}

const shapesOf = (specs: TrainerOptions<ClipBatch>['objective']['specs']) =>
  new Map(specs.map(({ name, shape }) => [name, shape]));

/**
 * A trainer of reconstruction whose threads each take a part of every batch, with weights of their
 * own. Batch norm, gradients and dropout are those of the whole batch, so that any number of threads
 * learns the same, to rounding, and one number the same to the bit.
 * @throws Error where a thread cannot start; from then on each method throws what ended a thread
 */
export async function createParallelTrainer({
  config,
  backend,
  threads: count,
  resourceLimits,
  options,
  plan,
  initial,
  step: taken,
}: ParallelTrainerOptions): Promise<Trainer<ClipBatch>> {
  if (!learnsInParts(config))
    throw new Error(`${config.variant} compares the clips of a batch with each other; it trains on one thread`); // prettier-ignore
  const { specs } = reconstructionObjective(config);
  const learned = specs.filter(({ trainable }) => trainable);
  const parameters = learned.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const memory = groupMemory(count, parameters);
  const shapes = shapesOf(specs);
  const values: NamedValues = new Map(
    [...initial].map(([name, { data }]) => [name, { shape: shapes.get(name) ?? [data.length], data }]), // prettier-ignore
  );
  /** Who waits for others is told before anyone else hears of a failure. */
  const end = () => {
    endGroup(memory);
  };
  const threads = Array.from(
    { length: count },
    (_, rank) =>
      new TrainingThread({ rank, memory, backend, config, options, plan, initial: values, step: taken }, resourceLimits, end), // prettier-ignore
  );
  const close = () => {
    for (const thread of threads) thread.close();
  };
  /** What all answer. @throws Error what ended the first thread, not that the others were ended by it */
  async function all<T>(answers: readonly Promise<T>[]): Promise<T[]> {
    const settled = await Promise.allSettled(answers);
    const errors = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
    const cause = errors.find(({ message }) => message !== new GroupEndedError().message) ?? errors[0];
    if (cause !== undefined) throw cause;
    return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  } // prettier-ignore
  const [first] = threads as [TrainingThread];
  try {
    await all(threads.map(({ ready }) => ready));
  } catch (error) {
    close();
    throw error;
  }

  let step = taken;
  let inHand = { batches: 0, loss: 0 };

  async function add(batch: ClipBatch): Promise<number> {
    const parts = partsOf(batch.keys.length, count);
    const answers = await all(
      parts.map((part, rank) => (threads[rank] as TrainingThread).do({ work: 'add', batch: partOfBatch(batch, part), part })), // prettier-ignore
    );
    const loss = answers[0]?.loss ?? NaN;
    if (!Number.isFinite(loss)) {
      inHand = { batches: 0, loss: 0 };
      throw new LossError(step + 1, loss, batch.keys);
    }
    inHand = { batches: inHand.batches + 1, loss: inHand.loss + loss };
    return loss;
  }

  /** Does not wait: what the threads are told next, they do next. */
  function finish(): StepResult {
    const { batches, loss } = inHand;
    if (batches === 0) throw new RangeError('trainer: there is no batch to take a step on');
    for (const thread of threads) void thread.do({ work: 'finish' }).catch(() => undefined);
    const lr = cosineWithWarmup(step, plan);
    inHand = { batches: 0, loss: 0 };
    return { step: ++step, loss: loss / batches, lr, parts: {} };
  }

  return {
    captured: false,
    precision: 'float32',
    whyNot: undefined,
    get step() {
      return step;
    },
    parameters,
    threads: count,
    add,
    finish,
    async train(batch) {
      await add(batch);
      return finish();
    },
    async measure(batches) {
      const measured: Measurement[] = [];
      for await (const batch of batches) {
        const [whole] = partsOf(batch.keys.length, 1);
        if (whole !== undefined) measured.push(await first.do({ work: 'measure', batch: partOfBatch(batch, whole) })); // prettier-ignore
      }
      return meanOf(measured);
    },
    state: () => first.do({ work: 'state' }),
    dispose: close,
  };
}
