import { Worker } from 'node:worker_threads';
import type { Sample, VideoEntry } from '../../cache/records.js';
import type { StageCounters } from '../../stages/stream.js';
import { ENTRIES_AHEAD, type ClipFailure, type ClipSetup, type FromThread, type ToThread } from './messages.js'; // prettier-ignore

/** A clip, and the number of the entry that it is of. */
export interface ReadClip {
  readonly number: number;
  readonly sample: Sample;
}

export interface ReadClipsEvents {
  /** An entry was taken from the list. Entries have the numbers 0, 1, 2, … */
  readonly onEntry: (number: number, entry: VideoEntry) => void;
  /** Told before a clip of a later entry is given. */
  readonly onFailure: (number: number, failure: ClipFailure) => void;
  readonly onEnd?: ((stages: readonly StageCounters[]) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends a list to the thread, a few entries ahead of what it has taken. */
async function sendEntries(
  entries: AsyncIterable<VideoEntry>,
  send: (message: ToThread) => void,
  room: () => Promise<void>,
  onEntry: ReadClipsEvents['onEntry'],
): Promise<void> {
  let number = 0;
  for await (const entry of entries) {
    onEntry(number, entry);
    send({ kind: 'entry', number: number++, entry });
    await room();
  }
  send({ kind: 'last' });
}

/**
 * Reads clips of videos in a thread of their own, in the order of the list, up to `ahead` of them before
 * they are asked for. Memory does not depend on how many there are, nor on how long a video is.
 * @throws what walking the list throws, and Error where the thread fails; not for a bad video
 */
export async function* readClips(
  entries: AsyncIterable<VideoEntry>,
  setup: ClipSetup,
  { onEntry, onFailure, onEnd, signal }: ReadClipsEvents,
): AsyncGenerator<ReadClip> {
  signal?.throwIfAborted();
  const thread = new Worker(new URL('./clip-thread.js', import.meta.url), {
    workerData: setup,
    // What Node was started with, such as --input-type, is not for a file of ours.
    execArgv: [],
    name: 'avme clips',
  });
  const send = (message: ToThread) => { thread.postMessage(message); }; // prettier-ignore
  const exited = new Promise<void>((resolve) => thread.once('exit', () => { resolve(); })); // prettier-ignore
  const arrived: ReadClip[] = [];
  const state = { ended: false, failure: undefined as unknown, unread: 0 };
  let wake: () => void = () => undefined;
  let makeRoom: () => void = () => undefined;
  const fail = (error: unknown) => {
    state.failure ??= error;
    wake();
  };
  const stop = () => { fail(signal?.reason); }; // prettier-ignore
  signal?.addEventListener('abort', stop, { once: true });
  thread
    .on('message', (message: FromThread) => {
      if (message.kind === 'begun') {
        state.unread--;
        makeRoom();
      } else if (message.kind === 'failed') onFailure(message.number, message.failure);
      else if (message.kind === 'clip') arrived.push(message);
      else {
        state.ended = true;
        onEnd?.(message.stages);
      }
      wake();
    })
    .on('error', fail)
    .on('exit', (code) => {
      if (!state.ended) fail(new Error(`the thread that reads clips ended by itself with code ${code}`)); // prettier-ignore
    });
  const room = async () => {
    if (++state.unread >= ENTRIES_AHEAD) await new Promise<void>((resolve) => (makeRoom = resolve));
    if (state.failure !== undefined) throw state.failure as Error;
  };
  // Not awaited: a list that waits for its next line, as stdin may, keeps nobody else.
  sendEntries(entries, send, room, onEntry).catch(fail);
  try {
    for (;;) {
      if (state.failure !== undefined) throw state.failure as Error;
      const clip = arrived.shift();
      if (clip !== undefined) {
        send({ kind: 'taken' });
        yield clip;
      } else if (state.ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    state.failure ??= new Error('nobody reads clips any more');
    makeRoom();
    send({ kind: 'stop' });
    await exited;
  }
}
