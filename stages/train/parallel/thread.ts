/** A thread of a parallel trainer: a trainer of its own, on its part of every batch. */
import { parentPort, workerData } from 'node:worker_threads';
import { useBackend } from '../../../engine/backend.js';
import type { ClipBatch } from '../../batch/batch.js';
import { reconstructionObjective } from '../objective.js';
import { createTrainer, LossError, type Trainer } from '../train.js';
import type { Answer, Order, PartResult, ThreadData } from './messages.js';
import { endGroup, WorkerGroup } from './worker-group.js';

const { rank, memory, backend, config, ...rest } = workerData as ThreadData;
const group = new WorkerGroup(memory, rank);

const answer = (message: Answer) => parentPort?.postMessage(message);

async function add(trainer: Trainer<ClipBatch>, order: Order & { work: 'add' }) {
  group.part = order.part;
  try {
    return { loss: await trainer.add(order.batch) } satisfies PartResult;
  } catch (error) {
    // All threads refuse it, and all can go on.
    if (error instanceof LossError) return { loss: error.loss };
    throw error;
  }
}

function carryOut(trainer: Trainer<ClipBatch>, order: Order): unknown {
  switch (order.work) {
    case 'add':
      return add(trainer, order);
    case 'finish':
      return trainer.finish();
    case 'measure':
      return trainer.measure(
        (async function* () {
          yield await Promise.resolve(order.batch);
        })(),
      );
    case 'state':
      return trainer.state();
  }
}

/** The other threads must not wait for this one. */
function fail(error: unknown): void {
  answer({ error: error instanceof Error ? error.message : String(error) });
  endGroup(memory);
}

async function start(): Promise<Trainer<ClipBatch>> {
  await useBackend(backend);
  return createTrainer({ objective: reconstructionObjective(config), group, ...rest });
}

let last = start();
last.then(() => answer({ result: 'ready' }), fail);
parentPort?.on('message', (order: Order) => {
  last = last.then(async (trainer) => {
    answer({ result: await carryOut(trainer, order) });
    return trainer;
  });
  last.catch(fail);
});
