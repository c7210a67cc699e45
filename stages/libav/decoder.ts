import { readSync } from 'node:fs';
import type { BufferPool } from '../decode/buffer-pool.js';
import { decodeClip } from '../decode/decode-clip.js';
import { distinct, nearest, type DecodedClip } from '../decode/decoded-clip.js';
import { frameEntry } from '../decode/frame-entry.js';
import { frameFilter, maxFrameBytes, type FrameFit } from '../decode/frame-filter.js';
import { soundEntry, soundFilter } from '../decode/sound-span.js';
import { indexVideo } from '../probe/index-video.js';
import { isSeekable, type RunContext, type VideoIndex } from '../probe/video-index.js';
import type { Sampling } from '../sample/sample-clips.js';
import { Crew } from './crew.js';
import type { ClipsAnswer, FileIndex, PictureOrder, SoundOrder, Task } from './messages.js';
import type { Member, Outcome } from './member.js';

/** What is known of a file that libav takes. */
interface Taken {
  readonly member: Member;
  readonly picture: number;
  readonly sound: number | null;
  readonly allTimed: boolean;
}

/** How many indexes and clips libav made, and why it handed others over. */
export interface LibavReport {
  taken: number;
  /** By reason. */
  readonly handedOver: Map<string, number>;
}

/** Reasons that are told apart; damaged files have any number of them. */
const MAX_REASONS = 100;

/** Why there is no answer. */
const reasonOf = (outcome: Outcome): string =>
  'ended' in outcome ? outcome.ended : 'refusal' in outcome ? outcome.refusal : 'no answer';

function toIndex(path: string, found: FileIndex): VideoIndex {
  const { times, keyframes, tick, interval, end, container, picture, sound } = found;
  return {
    ...{ path, times, keyframes, tick, interval, end },
    stream: `0:${picture}`,
    seekable: isSeekable(container),
    hasAudio: sound !== null,
    audioStream: sound === null ? null : `0:${sound}`,
    hdr: null,
    mirror: null,
  };
}

function pictureOrder(
  index: VideoIndex,
  { picture, allTimed }: Taken,
  times: readonly number[],
  fit: FrameFit,
): PictureOrder {
  const [first = 0] = index.times;
  return {
    stream: picture,
    tick: index.tick,
    enter: frameEntry(index, times[0] ?? 0) ?? first,
    times,
    filters: frameFilter(fit, null, undefined, true),
    allTimed,
    maxFrameBytes: maxFrameBytes(fit),
  };
}

function soundOrder(index: VideoIndex, stream: number, { span }: Sampling): SoundOrder {
  const enter = soundEntry(span, index.times[0] ?? 0);
  return { stream, enter, span, filters: soundFilter(span, false) };
}

/** Reads one clip out of what a child has put into the file that it shares. */
function readClip(
  shared: number,
  { height, width, times, samples: [samples = 0] }: ClipsAnswer,
  sampling: Sampling,
  buffers: BufferPool | undefined,
): DecodedClip {
  const frameBytes = height * width * 3;
  const sources = sampling.times.map((time) => nearest(times, time));
  const bytes = sources.length * frameBytes;
  const frames = buffers?.take(bytes) ?? Buffer.allocUnsafeSlow(bytes);
  // Frames that follow each other there as here are read at once.
  for (let from = 0, to = 1; from < sources.length; from = to++) {
    const source = sources[from] ?? 0;
    while (to < sources.length && sources[to] === source + to - from) to++;
    readSync(shared, frames, from * frameBytes, (to - from) * frameBytes, source * frameBytes);
  }
  const audio = samples === 0 ? null : new Float32Array(samples);
  if (audio !== null)
    readSync(shared, new Uint8Array(audio.buffer), 0, audio.byteLength, times.length * frameBytes);
  const shown = sources.map((source) => times[source] ?? NaN);
  return { frames, height, width, times: shown, substituted: 0, audio, warnings: [] };
}

/**
 * A decoder of the same form as {@link indexVideo} and {@link decodeClip}: libav in child processes
 * that live long. It takes what is ordinary. Everything else it hands over to ffmpeg's stage, which
 * alone knows the policy for odd media: whatever libav complains of or crashes at.
 */
export class LibavDecoder {
  readonly report: LibavReport = { taken: 0, handedOver: new Map() };
  readonly #crew: Crew;
  /** Of the indexes that it made. */
  readonly #taken = new WeakMap<VideoIndex, Taken>();

  /**
   * @param binding file of libav's binding
   * @param jobs child processes
   * @param memory GiB that one of them may take
   */
  constructor(binding: string, jobs: number, memory: number) {
    this.#crew = new Crew(binding, jobs, memory);
  }

  /** @returns libav's version @throws Error saying why it does not load */
  hello(): Promise<string> {
    return this.#crew.hello();
  }

  #handOver(reason: string): void {
    const { handedOver } = this.report;
    const key = handedOver.has(reason) || handedOver.size < MAX_REASONS ? reason : 'other reasons';
    handedOver.set(key, (handedOver.get(key) ?? 0) + 1);
  }

  readonly index: typeof indexVideo = async (path, context, choice) => {
    // Which of several streams is meant, ffmpeg says by its own numbers.
    if (choice?.videoStream != null || choice?.audioStream != null) {
      this.#handOver('a stream is asked for');
      return indexVideo(path, context, choice);
    }
    const read = (outcome: Outcome) => ('index' in outcome ? outcome.index : reasonOf(outcome));
    const { result, member } = await this.#crew.ask({ job: 'index', path }, context, read);
    if (typeof result === 'string') {
      this.#handOver(result);
      return indexVideo(path, context, choice);
    }
    const { picture, sound, allTimed } = result;
    const index = toIndex(path, result);
    this.#taken.set(index, { member, picture, sound, allTimed });
    this.report.taken++;
    return index;
  };

  readonly decode: typeof decodeClip = async (index, sampling, fit, context) => {
    const taken = this.#taken.get(index);
    const clip = taken === undefined ? undefined : await this.#decode(index, taken, sampling, fit, context); // prettier-ignore
    return clip ?? decodeClip(index, sampling, fit, context);
  };

  async #decode(
    index: VideoIndex,
    taken: Taken,
    sampling: Sampling,
    fit: FrameFit,
    context: RunContext,
  ): Promise<DecodedClip | undefined> {
    const { sound, member } = taken;
    const task: Task = {
      job: 'clips',
      path: index.path,
      picture: pictureOrder(index, taken, distinct(sampling.times), fit),
      sounds: sound === null ? [] : [soundOrder(index, sound, sampling)],
    };
    const read = (outcome: Outcome, shared: number) =>
      'clips' in outcome ? readClip(shared, outcome.clips, sampling, context.buffers) : reasonOf(outcome); // prettier-ignore
    const { result } = await this.#crew.ask(task, context, read, member);
    if (typeof result !== 'string') {
      this.report.taken++;
      return result;
    }
    this.#handOver(result);
    return undefined;
  }

  /** Resolves once all of its children are gone. */
  close(): Promise<void> {
    return this.#crew.close();
  }
}
