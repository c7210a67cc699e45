/** A thread of the loader: fills batches in shared memory until it is told to close. */
import { parentPort, workerData } from 'node:worker_threads';
import { CorruptRecordError } from '../../../cache/codec/codec.js';
import { ClipFiller } from './clip-filler.js';
import { ClipWriter } from './clip-writer.js';
import type { ClipTask, Order, Report, ThreadData } from './messages.js';
import { SlotClaims } from '../slots.js';

const { setup, control, slots } = workerData as ThreadData;
const claims = new SlotClaims(control);
const filler = new ClipFiller(setup, new ClipWriter(setup, slots));

const report = (message: Report) => parentPort?.postMessage(message);

/** A clip's place: its batch, the number of clips in that, and its own. */
interface Target {
  readonly slot: number;
  readonly turn: number;
  readonly clips: number;
  readonly clip: number;
}

async function fillClip({ slot, turn, clips, clip }: Target, task: ClipTask): Promise<void> {
  try {
    const pending = filler.fill(task, slot, clip);
    if (pending !== undefined) await pending;
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error;
    report({ kind: 'bad', slot, turn, clip, message: error.message });
    return;
  }
  if (claims.done(slot) === clips) report({ kind: 'ready', slot, turn });
}

async function carryOut(order: Order): Promise<void> {
  switch (order.kind) {
    case 'fill': {
      const { slot, turn, clips: tasks } = order.batch;
      const clips = tasks.length;
      for (;;) {
        const clip = claims.take(slot, turn, clips);
        if (clip === undefined) return;
        const task = tasks[clip];
        if (task) await fillClip({ slot, turn, clips, clip }, task);
      }
    }
    case 'refill':
      await fillClip(order.refill, order.refill.task);
      break;
    case 'close':
      filler.close();
      parentPort?.close();
      break;
  }
}

let last = Promise.resolve();
parentPort?.on('message', (order: Order) => {
  // One after the other; what is thrown is an unhandled rejection, which ends the thread with its cause.
  last = last.then(() => carryOut(order));
});
