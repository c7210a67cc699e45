import type { VideoEntry } from '../cache/records.js';
import type { StageError } from '../stages/stage-error.js';

/** A video that a stage had to give up. */
export interface StageFailure {
  readonly entry: VideoEntry;
  readonly error: StageError;
}

/** What to do about a failure, once its video is in quarantine. */
export type FailurePolicy = (failure: StageFailure, failedVideos: number) => 'skip' | 'stop';

/** How many videos may fail: a number of them, or a share of all. */
export interface FailureLimit {
  readonly value: number;
  readonly unit: 'videos' | 'percent';
}

/** Skips failed videos until there are more than allowed. @param total videos in the data set */
export function failureLimit(limit: FailureLimit | null, total: number): FailurePolicy {
  const allowed = limit === null ? Infinity : limit.unit === 'percent' ? (total * limit.value) / 100 : limit.value; // prettier-ignore
  return (_failure, failedVideos) => (failedVideos > allowed ? 'stop' : 'skip');
}

/** The policy said stop. */
export class TooManyFailuresError extends Error {
  override readonly name = 'TooManyFailuresError';

  constructor({ entry, error }: StageFailure, failedVideos: number) {
    super(
      `stopped: ${failedVideos} videos failed, more than the limit allows; the last was ${entry.path} ` +
        `(${error.message}); what is done is kept, see quarantine.jsonl in the cache for the others`,
    );
  }
}
