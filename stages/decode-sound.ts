import { runFfmpeg } from './ffmpeg.js';
import { SAMPLE_RATE } from './mfcc.js';
import type { RunContext, VideoIndex } from './video-index.js';

/** Sound decoders need a start in front of the span: codec delay, bit reservoirs, sparse interleaving. */
const RUN_UP = 2;
/** Peaks below -80 dBFS are silence: a muted track is not always all zeros. */
const SILENCE = 1e-4;
/** A difference between sound and its own clock is closed when it exceeds half a hop at 25 fps. */
const MAX_DRIFT = 0.005;

export interface DecodedSound {
  /** float32 mono at 16 kHz, `[(end − start) · 16000]`; null where there is none or it is silent. */
  readonly samples: Float32Array | null;
  readonly complaints: readonly string[];
}

/**
 * The sound of a span on the picture's clock: what sounds at `start + t` is sample `t · 16000`.
 * Gaps, a late start and an early end are silence. Sound that cannot be decoded is no sound.
 * @param span `[start, end)` in seconds of the source's own time line
 */
export async function decodeSound(
  index: VideoIndex,
  span: readonly [number, number],
  context: RunContext,
): Promise<DecodedSound> {
  if (!index.hasSound) return { samples: null, complaints: [] };
  const [start, end] = span;
  const samples = new Float32Array(Math.round((end - start) * SAMPLE_RATE));
  const bytes = new Uint8Array(samples.buffer);
  let filled = 0;
  const seek = start - RUN_UP;
  const enter = ['-seek_timestamp', '1', '-noaccurate_seek', '-ss', seek.toFixed(6)];
  const filter = [
    // Cut by the sound's own clock before anything is filled: a stray time cannot make hours of silence.
    `atrim=start=${start.toFixed(6)}:end=${end.toFixed(6)}`,
    `asetpts=PTS-${start.toFixed(6)}/TB`,
    'aformat=sample_fmts=flt:channel_layouts=mono',
    `aresample=${SAMPLE_RATE}:async=1:min_hard_comp=${MAX_DRIFT}:first_pts=0`,
  ].join(',');
  const { complaints } = await runFfmpeg({
    ...context,
    stage: 'sound',
    path: index.path,
    inputOptions: ['-copyts', ...(seek > (index.times[0] ?? 0) ? enter : [])],
    outputOptions: ['-vn', '-sn', '-dn', '-af', filter, '-f', 'f32le', '-c:a', 'pcm_f32le'],
    // Resampling may end a few samples late; an hour more than asked is a file that lies.
    maxBytes: bytes.length + 16 * SAMPLE_RATE,
    onOutput: (chunk) => {
      const room = chunk.subarray(0, bytes.length - filled);
      bytes.set(room, filled);
      filled += room.length;
    },
  });
  const audible = samples.some((value) => Math.abs(value) >= SILENCE);
  return { samples: audible ? samples : null, complaints };
}
