import { StageError } from '../stage-error.js';
import { runFfmpeg, type FfmpegTask } from '../ffmpeg/ffmpeg.js';
import { SAMPLE_RATE } from '../audio/mfcc-features.js';
import type { RunContext, VideoIndex } from '../probe/video-index.js';

/** Sound decoders need a start in front of the span: codec delay, bit reservoirs, sparse interleaving. */
const RUN_UP = 2;
/** Peaks below -80 dBFS are silence: a muted track is not always all zeros. */
const SILENCE = 1e-4;
/** A difference between sound and its own clock is closed when it exceeds half a hop at 25 fps. */
const MAX_DRIFT = 0.005;
/** Decoded around the span, in seconds, so that resampling has something on both sides of its edges. */
const MARGIN = 0.1;
const FIRST_SOUND = /\[Parsed_ashowinfo\S* @ .* n:0 /;

export interface DecodedAudio {
  /** float32 mono at 16 kHz, `[(end − start) · 16000]`; null where there is none or it is silent. */
  readonly samples: Float32Array | null;
  readonly complaints: readonly string[];
}

/** Makes damaged samples harmless in place, and tells whether there is anything to hear. */
function isAudible(samples: Float32Array): boolean {
  let peak = 0;
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i] ?? 0;
    const sane = Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0;
    if (sane !== value) samples[i] = sane;
    peak = Math.max(peak, Math.abs(sane));
  }
  return peak >= SILENCE;
}

/** A run of ffmpeg that decodes the sound of a span, at 16 kHz and with a margin on both sides. */
export class AudioPass {
  readonly task: FfmpegTask;
  readonly #samples: Float32Array;

  /**
   * @param span `[start, end)` in seconds of the source's own time line
   * @param input number that the file has among ffmpeg's inputs; behind the first, the complaints of
   *   the run are read by whoever runs it
   */
  constructor(
    index: VideoIndex,
    [start, end]: readonly [number, number],
    context: RunContext,
    input = 0,
  ) {
    const lead = MARGIN * SAMPLE_RATE;
    const wide = new Float32Array(Math.round((end - start) * SAMPLE_RATE) + 2 * lead);
    this.#samples = wide.subarray(lead, -lead);
    const bytes = new Uint8Array(wide.buffer);
    let filled = 0;
    const seek = start - RUN_UP;
    const enter =
      seek > (index.times[0] ?? 0)
        ? ['-seek_timestamp', '1', '-noaccurate_seek', '-ss', seek.toFixed(6)]
        : [];
    const from = (start - MARGIN).toFixed(6);
    // Behind a seek a decoder complains of what lies in front of it.
    const warmsUp = enter.length > 0 && input === 0;
    const filter = [
      // Cut by the sound's own clock before anything is filled: a stray time cannot make hours of silence.
      `atrim=start=${from}:end=${(end + MARGIN).toFixed(6)}`,
      ...(warmsUp ? ['ashowinfo'] : []),
      `asetpts=PTS-(${from})/TB`,
      // The mean of the channels: without a limit, a loud stereo track mixed to one channel clips.
      `aresample=${SAMPLE_RATE}:async=1:min_hard_comp=${MAX_DRIFT}:first_pts=0:rematrix_maxval=1`,
      'aformat=sample_fmts=flt:channel_layouts=mono',
    ].join(',');
    const stream = index.audioStream?.replace(/^0:/, `${input}:`);
    this.task = {
      ...context,
      stage: 'sound',
      path: index.path,
      inputOptions: ['-copyts', ...enter],
      ...(warmsUp && { complaintsFrom: FIRST_SOUND }),
      outputOptions: [
        ...(stream === undefined ? ['-vn', '-sn', '-dn'] : ['-map', stream]),
        '-af',
        filter,
        '-f',
        'f32le',
        '-c:a',
        'pcm_f32le',
      ],
      // Resampling may end a little late.
      maxBytes: bytes.length + 16 * SAMPLE_RATE,
      onOutput: (chunk) => {
        const room = chunk.subarray(0, bytes.length - filled);
        bytes.set(room, filled);
        filled += room.length;
      },
    };
  }

  /** float32 mono at 16 kHz, `[(end − start) · 16000]`; null where there is nothing to hear. */
  result(): Float32Array | null {
    return isAudible(this.#samples) ? this.#samples.slice() : null;
  }
}

/**
 * The sound of a span on the picture's clock: what sounds at `start + t` is sample `t · 16000`.
 * Gaps, a late start and an early end are silence. Sound that cannot be decoded is no sound.
 * @param span `[start, end)` in seconds of the source's own time line
 */
export async function decodeAudio(
  index: VideoIndex,
  span: readonly [number, number],
  context: RunContext,
): Promise<DecodedAudio> {
  if (!index.hasAudio) return { samples: null, complaints: [] };
  const pass = new AudioPass(index, span, context);
  try {
    const { complaints } = await runFfmpeg(pass.task);
    return { samples: pass.result(), complaints };
  } catch (error) {
    // Sound that hangs the decoder must not cost a good picture.
    if (!(error instanceof StageError)) throw error;
    return { samples: null, complaints: [error.message] };
  }
}
