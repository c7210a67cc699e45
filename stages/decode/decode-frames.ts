import type { FrameSize } from '../../cache/records.js';
import type { BufferPool } from './buffer-pool.js';
import { runFfmpeg, type FfmpegTask } from '../ffmpeg/ffmpeg.js';
import { maxFrameBytes, frameFilter, selectFilter, type FrameFit } from './frame-filter.js';
import { frameEntry } from './frame-entry.js';
import type { RunContext, VideoIndex } from '../probe/video-index.js';

/** Frames that came out of one pass. */
export interface DecodedFrames extends FrameSize {
  /** uint8 `[times, height, width, 3]`, one frame after the other. */
  readonly pixels: Uint8Array;
  /** Presentation times of the frames that came out, seconds. */
  readonly times: readonly number[];
  readonly complaints: readonly string[];
}

const SHOWN_FRAME = /\[Parsed_showinfo\S* @ .* n: *\d+ pts: *(-?\d+) .* s:(\d+)x(\d+) /;

/** Reads what ffmpeg's `showinfo` says of frames; its `pts_time` has 6 digits, so ticks are read. */
class ShownFrames {
  readonly times: number[] = [];
  /** Size of the first frame; null before it. */
  size: FrameSize | null = null;
  /** The frames are not all of one size. */
  mixed = false;
  #tick = 0;

  add(line: string): void {
    const base = /\[Parsed_showinfo\S* @ .* config in time_base: (\d+)\/(\d+)/.exec(line);
    if (base !== null) this.#tick = Number(base[1]) / Number(base[2]);
    const frame = SHOWN_FRAME.exec(line);
    if (frame === null) return;
    this.times.push(Number(frame[1]) * this.#tick);
    const [width, height] = [Number(frame[2]), Number(frame[3])];
    this.size ??= { height, width };
    this.mixed ||= this.size.height !== height || this.size.width !== width;
  }
}

/** Where to enter the file for a frame: the options that seek, none for its beginning. */
function entry(index: VideoIndex, time: number, early: number): string[] {
  const seek = frameEntry(index, time, early);
  // Without -noaccurate_seek, ffmpeg would drop frames by a clock of its own.
  return seek === null ? [] : ['-seek_timestamp', '1', '-noaccurate_seek', '-ss', seek.toFixed(6)];
}

/**
 * Has ffmpeg say which frames come by. It works out a checksum, the mean and the deviation of each,
 * 3 ms a clip: of a corner, where it is not asked for the size. The corner comes first, so that no
 * frame goes out before it is spoken of.
 */
const SHOW = 'showinfo';
const SHOW_TIMES = 'split[corner][clip];[corner]crop=2:2,showinfo,nullsink;[clip]null';

const DEINTERLACE = 'yadif=deint=interlaced';

function pass(
  index: VideoIndex,
  context: RunContext,
  enter: readonly string[],
  filter: string,
  output: readonly string[],
) {
  return {
    ...context,
    stage: 'decode',
    path: index.path,
    // Behind a seek a decoder complains of what lies in front of it.
    ...(enter.length > 0 && { complaintsFrom: SHOWN_FRAME }),
    inputOptions: ['-copyts', ...(index.mirror === null ? [] : ['-noautorotate']), ...enter],
    // In the input's time base, or frames closer than the average step would share a time.
    outputOptions: [
      '-map',
      index.stream,
      '-vf',
      filter,
      '-vsync',
      'passthrough',
      '-enc_time_base',
      '-1',
      ...output,
    ],
  };
}

/** Bytes as they come in, in one piece of memory where their number is known. */
class PixelSink {
  readonly #known: Buffer | null;
  readonly #chunks: Buffer[] = [];
  #filled = 0;

  constructor(bytes: number | null, buffers: BufferPool | undefined) {
    this.#known = bytes === null ? null : (buffers?.take(bytes) ?? Buffer.allocUnsafeSlow(bytes));
  }

  add(chunk: Buffer): void {
    if (this.#known === null) this.#chunks.push(chunk);
    else this.#filled += chunk.copy(this.#known, this.#filled);
  }

  get bytes(): Uint8Array {
    if (this.#known === null) return Buffer.concat(this.#chunks);
    return this.#filled === this.#known.length
      ? this.#known
      : this.#known.subarray(0, this.#filled);
  }
}

/** A run of ffmpeg that decodes exactly the frames at certain times, all to one size. */
export class FramesPass {
  readonly task: FfmpegTask;
  readonly #shown = new ShownFrames();
  readonly #pixels: PixelSink;
  /** The size that the frames have whatever the video is like; null where it follows from the video. */
  readonly #size: FrameSize | null;

  /**
   * @param times presentation times in seconds, ascending and distinct
   * @param early how many keyframes further in front to enter the file; Infinity for its beginning
   * @param box the size that the frames are to have; without it, it follows from `fit` and the video
   */
  constructor(
    index: VideoIndex,
    times: readonly number[],
    private readonly fit: FrameFit,
    context: RunContext,
    early = 0,
    box?: FrameSize,
  ) {
    const square = fit.fit === 'short-side' ? null : { height: fit.size, width: fit.size };
    this.#size = box ?? square;
    const filter = [
      DEINTERLACE,
      selectFilter(times, index.tick),
      ...(index.mirror === null ? [] : [index.mirror]),
      frameFilter(fit, index.hdr, box),
      this.#size === null ? SHOW : SHOW_TIMES,
    ].join(',');
    const output = ['-frames:v', String(times.length), '-f', 'rawvideo', '-pix_fmt', 'rgb24'];
    const bytes = this.#size && times.length * this.#size.height * this.#size.width * 3;
    this.#pixels = new PixelSink(bytes, context.buffers);
    this.task = {
      ...pass(index, context, entry(index, times[0] ?? 0, early), filter, output),
      maxBytes: times.length * maxFrameBytes(fit),
      onLine: (line) => { this.#shown.add(line); },
      onOutput: (chunk) => { this.#pixels.add(chunk); },
    }; // prettier-ignore
  }

  /** Size of the first frame, where others have another: the picture's shape changes on the way. */
  get mixedSize(): FrameSize | null {
    return this.#size === null && this.#shown.mixed ? this.#shown.size : null;
  }

  /** What came out; frames that did not are missing. */
  result(complaints: readonly string[]): DecodedFrames {
    const { size, times } = this.#shown;
    const { height, width } = this.#size ?? size ?? { height: this.fit.size, width: this.fit.size }; // prettier-ignore
    const pixels = this.#pixels.bytes;
    const frames = Math.floor(pixels.length / (height * width * 3));
    return { pixels, height, width, times: times.slice(0, frames), complaints };
  }
}

/** Runs a {@link FramesPass}, a second time where the frames come out in different sizes. */
export async function decodeFrames(
  index: VideoIndex,
  times: readonly number[],
  fit: FrameFit,
  context: RunContext,
  early = 0,
): Promise<DecodedFrames> {
  const first = new FramesPass(index, times, fit, context, early);
  const { complaints } = await runFfmpeg(first.task);
  if (first.mixedSize === null) return first.result(complaints);
  const again = new FramesPass(index, times, fit, context, early, first.mixedSize);
  return again.result((await runFfmpeg(again.task)).complaints);
}

/** Which frames really come out of the decoder. */
export interface Survey {
  /** Presentation times, seconds, ascending and distinct. */
  readonly times: readonly number[];
  readonly complaints: readonly string[];
}

/**
 * Decodes a stretch of the video and notes the times of the frames, keeping none.
 * @param from a time in seconds in front of which the file is entered
 * @param to where to stop, seconds
 */
export async function surveyFrames(
  index: VideoIndex,
  from: number,
  to: number,
  context: RunContext,
  early = 0,
): Promise<Survey> {
  const shown = new ShownFrames();
  const filter = `${DEINTERLACE},trim=end=${to.toFixed(9)},showinfo`;
  const { complaints } = await runFfmpeg({
    ...pass(index, context, entry(index, from, early), filter, ['-f', 'null']),
    maxBytes: 0,
    onLine: (line) => { shown.add(line); },
  }); // prettier-ignore
  return { times: [...new Set(shown.times)].sort((a, b) => a - b), complaints };
}
