import type { ClipBatch } from '../../batch/batch.js';
import type { BatchPart } from './worker-group.js';

type Values = Uint8Array | Int32Array | Float32Array;

/** Shared memory goes to a thread as it is; of other memory a message would take all of a view's buffer. */
function rows<T extends Values>(values: T, { from, clips, of }: BatchPart): T {
  const length = values.length / of;
  const [start, end] = [from * length, (from + clips) * length];
  const isShared = values.buffer instanceof SharedArrayBuffer;
  return (isShared ? values.subarray(start, end) : values.slice(start, end)) as T;
}

/** The parts of a batch as even as they can be. @returns one for each thread, none empty */
export function partsOf(clips: number, threads: number): BatchPart[] {
  const edge = (rank: number) => Math.ceil((clips * rank) / threads);
  return Array.from({ length: threads }, (_, rank) => ({
    from: edge(rank),
    clips: edge(rank + 1) - edge(rank),
    of: clips,
  }));
}

/** A part of a batch as a message can take it. */
export function partOfBatch(batch: ClipBatch, part: BatchPart): ClipBatch {
  const { position, keys, video, visible, masked, mfcc, audioPresent } = batch;
  return {
    position,
    keys: keys.slice(part.from, part.from + part.clips),
    video: rows(video, part),
    visible: rows(visible, part),
    masked: rows(masked, part),
    mfcc: rows(mfcc, part),
    audioPresent: rows(audioPresent, part),
  };
}
