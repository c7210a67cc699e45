import { availableParallelism } from 'node:os';
import type { SampleHeader, VideoEntry } from '../../cache/records.js';
import { drawFor } from '../../stages/load/workers/clip-writer.js';
import type { StageCounters } from '../../stages/stream.js';
import { showClips, type DrawnClip, type Showing, type ShownClips } from '../evaluate/clips.js';
import type { OpenedRun } from './open-run.js';
import type { ClipChoice, ClipFailure } from './messages.js';
import { readClips } from './read-clips.js';

/** What a clip of a new video is known by. */
export interface ClipTag {
  /** Of its video in the list, from 0. */
  readonly number: number;
  readonly header: SampleHeader;
}

export interface VideosRequest extends Omit<Showing, 'config' | 'purpose' | 'statistics'> {
  readonly entries: AsyncIterable<VideoEntry>;
  readonly choice: ClipChoice;
  /** What is hidden of each clip, of a model that reconstructs; nothing where it is not given. */
  readonly masks?: { readonly seed: number; readonly ratio: number } | undefined;
  readonly jobs?: number | undefined;
  readonly timeout?: number | undefined;
  readonly memory?: number | undefined;
  readonly onEntry: (number: number, entry: VideoEntry) => void;
  readonly onFailure: (number: number, failure: ClipFailure) => void;
  readonly onEnd?: ((stages: readonly StageCounters[]) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Masks of what was never learned from: training counts its epochs from 0. */
const EPOCH = -1;

/** Reads clips of videos ahead, and shows them to a model as `evaluate` shows those of a cache. */
export async function* shownVideos(
  { config, options, format }: Pick<OpenedRun, 'config' | 'options' | 'format'>,
  purpose: Showing['purpose'],
  request: VideosRequest,
): AsyncGenerator<ShownClips<ClipTag>> {
  const { entries, choice, batch, masks, timeout, memory, onEntry, onFailure, onEnd, signal } =
    request;
  const { jobs = availableParallelism() } = request;
  const draw = { seed: masks?.seed ?? 0, mask: masks === undefined ? 'cached' : 'epoch', maskRatio: masks?.ratio ?? 0 } as const; // prettier-ignore
  const setup = { options, choice, jobs, ahead: batch, timeout, memory };
  async function* drawn(): AsyncGenerator<DrawnClip<ClipTag>> {
    for await (const { number, sample } of readClips(entries, setup, {
      onEntry,
      onFailure,
      onEnd,
      signal,
    }))
      // prettier-ignore
      yield { tag: { number, header: sample.header }, drawn: drawFor(sample, EPOCH, draw) };
  }
  const { statistics } = format.manifest;
  yield* showClips(drawn(), format, { ...request, config, purpose, statistics });
}
