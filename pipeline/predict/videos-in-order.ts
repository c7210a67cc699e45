import type { VideoEntry } from '../../cache/records.js';
import type { ClipFailure } from './messages.js';

/** What is known of a video while its clips come in. */
export interface VideoInHand<T> {
  readonly entry: VideoEntry;
  readonly failures: ClipFailure[];
  /** Whatever its clips came to so far. */
  readonly state: T;
}

/**
 * Videos between their list and their results. Clips come in the order of the list, and a failure
 * before the clips of any later video: so when a clip of one video is there, all videos before it are
 * complete. Nothing is kept of those that were given out.
 */
export class VideosInOrder<T> {
  #next = 0;
  readonly #held = new Map<number, VideoInHand<T>>();

  constructor(private readonly begin: () => T) {}

  readonly add = (number: number, entry: VideoEntry): void => {
    this.#held.set(number, { entry, failures: [], state: this.begin() });
  };

  readonly fail = (number: number, failure: ClipFailure): void => {
    this.#held.get(number)?.failures.push(failure);
  };

  get(number: number): VideoInHand<T> {
    const video = this.#held.get(number);
    if (video === undefined) throw new RangeError(`video ${number} is complete, or not begun`);
    return video;
  }

  /** Gives out those before this one, in their order. */
  *before(number: number): Generator<VideoInHand<T>> {
    for (; this.#next < number; this.#next++) {
      const video = this.#held.get(this.#next);
      if (video === undefined) return;
      this.#held.delete(this.#next);
      yield video;
    }
  }
}
