import type { BufferPool } from '../decode/buffer-pool.js';
import type { HdrColour } from './hdr.js';
import type { TimeLine } from '../sample/sample-clips.js';

/** What every pass of ffmpeg needs to know of the run it is part of. */
export interface RunContext {
  /** Seconds that one ffmpeg process may take. */
  readonly timeout: number;
  /** GiB of memory that one ffmpeg process may take; default 4. */
  readonly memory?: number;
  readonly signal?: AbortSignal | undefined;
  /** Where memory for frames comes from; whoever gives it sees to its return. Default: it is made. */
  readonly buffers?: BufferPool | undefined;
}

/** What is in a video, from its packets; no header claim among it. */
export interface VideoIndex extends TimeLine {
  readonly path: string;
  /** Presentation times of all frames that can be decoded, seconds, ascending and distinct. */
  readonly times: Float64Array;
  /** Presentation times of the keyframes in seconds, ascending, some perhaps hidden; may be empty. */
  readonly keyframes: Float64Array;
  /** ffmpeg's name of the picture stream, e.g. `0:1`. */
  readonly stream: string;
  /** Time base of the picture stream in seconds. */
  readonly tick: number;
  /** ffmpeg finds keyframes in this container by its index, not by guessing a place in the file. */
  readonly seekable: boolean;
  /** There is a sound stream, of whatever codec. */
  readonly hasAudio: boolean;
  /** ffmpeg's name of the sound stream to take; null: the best one. */
  readonly audioStream: string | null;
  /** How the picture is to be read where its transfer curve is PQ or HLG; null for ordinary pictures. */
  readonly hdr: HdrColour | null;
  /** ffmpeg's filter for a picture that is stored mirrored; null where ffmpeg turns it upright by itself. */
  readonly mirror: string | null;
}

/** Whether keyframes are found by an index in this container. @param container libav's name of it */
export function isSeekable(container: string): boolean {
  return !/^(mpegts|mpeg|h26[1-4]|hevc|m4v|mpegvideo|mjpeg|vc1)$/.test(container);
}
