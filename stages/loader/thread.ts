/** A thread of the loader: fills batches in shared memory until it is told to close. */
import { parentPort, workerData } from 'node:worker_threads';
import { codecOf, CorruptRecordError } from '../../cache/index.js';
import { ClipWriter } from './clip-writer.js';
import type { BatchTask, ClipTask, Order, Report, ThreadData } from './messages.js';
import { RecordFiles } from './record-files.js';
import { Tickets } from './tickets.js';

const { setup, control, slots } = workerData as ThreadData;
const tickets = new Tickets(control);
const writer = new ClipWriter(setup, slots);
const files = new RecordFiles();
const codecs = setup.sources.map(({ schema }) => codecOf(schema));

const report = (message: Report) => parentPort?.postMessage(message);

function write(task: ClipTask, slot: number, clip: number): void {
  const { source, key, place } = task;
  const [format, codec] = [setup.sources[source], codecs[source]];
  if (format === undefined || codec === undefined)
    throw new RangeError(`loader: there is no source ${source}`);
  writer.write(codec.record(files.read(place), format.shape, key), task, slot, clip);
}

function fillClip(
  { slot, turn, clips }: Pick<BatchTask, 'slot' | 'turn'> & { readonly clips: number },
  clip: number,
  task: ClipTask,
): void {
  try {
    write(task, slot, clip);
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error;
    report({ kind: 'bad', slot, turn, clip, message: error.message });
    return;
  }
  if (tickets.done(slot) === clips) report({ kind: 'ready', slot, turn });
}

function fill({ slot, turn, clips }: BatchTask): void {
  for (;;) {
    const clip = tickets.take(slot, turn, clips.length);
    if (clip === undefined) return;
    const task = clips[clip];
    if (task) fillClip({ slot, turn, clips: clips.length }, clip, task);
  }
}

parentPort?.on('message', (order: Order) => {
  switch (order.kind) {
    case 'fill':
      fill(order.batch);
      break;
    case 'refill': {
      const { slot, turn, clip, clips, task } = order.refill;
      fillClip({ slot, turn, clips }, clip, task);
      break;
    }
    case 'close':
      files.close();
      parentPort?.close();
      break;
  }
});
