import type { VideoEntry } from '../../cache/records.js';
import type { DecodedClip } from '../../stages/decode/decode.js';
import type { StageError } from '../../stages/stage-error.js';
import type { Sampling } from '../../stages/sample/sample.js';
import type { VideoIndex } from '../../stages/probe/video-index.js';

/** A clip that is to be made. */
export interface ClipSlot {
  /** Index of the clip inside its entry. */
  readonly index: number;
  readonly key: string;
}

/** An entry of which clips are missing in the cache. */
export interface VideoJob {
  readonly entry: VideoEntry;
  readonly contentHash: string;
  /** The file as it was before its content was hashed. */
  readonly version: string;
  readonly missing: readonly ClipSlot[];
  /** Clips of it that are still in hand. */
  remaining: number;
  /** Why no other clip of it is tried. */
  givenUp: StageError | null;
}

/** A clip whose frames have been chosen. */
export interface ClipJob {
  readonly job: VideoJob;
  readonly entry: VideoEntry;
  readonly slot: ClipSlot;
  readonly index: VideoIndex;
  readonly sampling: Sampling;
}

/** A clip whose frames and sound are there. */
export interface DecodedJob extends ClipJob {
  readonly decoded: DecodedClip;
}
