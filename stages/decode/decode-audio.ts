import { StageError } from '../stage-error.js';
import { runFfmpeg, type FfmpegTask } from '../ffmpeg/ffmpeg.js';
import { SAMPLE_RATE } from '../audio/sample-rate.js';
import { soundEntry, soundFilter, SpanSamples, type Span } from './sound-span.js';
import type { RunContext, VideoIndex } from '../probe/video-index.js';

const FIRST_SOUND = /\[Parsed_ashowinfo\S* @ .* n:0 /;

export interface DecodedAudio {
  /** float32 mono at 16 kHz, `[(end − start) · 16000]`; null where there is none or it is silent. */
  readonly samples: Float32Array | null;
  readonly complaints: readonly string[];
}

/** A run of ffmpeg that decodes the sound of a span, at 16 kHz and with a margin on both sides. */
export class AudioPass {
  readonly task: FfmpegTask;
  readonly #samples: SpanSamples;

  /**
   * @param input number that the file has among ffmpeg's inputs; behind the first, the complaints of
   *   the run are read by whoever runs it
   */
  constructor(index: VideoIndex, span: Span, context: RunContext, input = 0) {
    const samples = (this.#samples = new SpanSamples(span));
    const seek = soundEntry(span, index.times[0] ?? 0);
    const enter =
      seek === null ? [] : ['-seek_timestamp', '1', '-noaccurate_seek', '-ss', seek.toFixed(6)];
    // Behind a seek a decoder complains of what lies in front of it.
    const warmsUp = enter.length > 0 && input === 0;
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
        soundFilter(span, warmsUp),
        '-f',
        'f32le',
        '-c:a',
        'pcm_f32le',
      ],
      // Resampling may end a little late.
      maxBytes: samples.size + 16 * SAMPLE_RATE,
      onOutput: (chunk) => {
        samples.add(chunk);
      },
    };
  }

  /** float32 mono at 16 kHz, `[(end − start) · 16000]`; null where there is nothing to hear. */
  result(): Float32Array | null {
    return this.#samples.result();
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
