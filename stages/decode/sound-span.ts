import { SAMPLE_RATE } from '../audio/sample-rate.js';

/** Sound decoders need a start in front of the span: codec delay, bit reservoirs, sparse interleaving. */
const RUN_UP = 2;
/** Peaks below -80 dBFS are silence: a muted track is not always all zeros. */
const SILENCE = 1e-4;
/** A difference between sound and its own clock is closed when it exceeds half a hop at 25 fps. */
const MAX_DRIFT = 0.005;
/** Decoded around the span, in seconds, so that resampling has something on both sides of its edges. */
export const MARGIN = 0.1;

/** `[start, end)` in seconds of the source's own time line. */
export type Span = readonly [start: number, end: number];

/** Where to enter a file for its sound, in seconds; null: at its beginning. @param first time of the first frame */
export function soundEntry([start]: Span, first: number): number | null {
  const seek = start - RUN_UP;
  return seek > first ? seek : null;
}

/**
 * ffmpeg's filters from sound as it is decoded to mono at 16 kHz, from {@link MARGIN} in front of the
 * span to as much behind it.
 * @param show says which pieces of sound come by
 */
export function soundFilter([start, end]: Span, show: boolean): string {
  const from = (start - MARGIN).toFixed(6);
  return [
    // Cut by the sound's own clock before anything is filled: a stray time cannot make hours of silence.
    `atrim=start=${from}:end=${(end + MARGIN).toFixed(6)}`,
    ...(show ? ['ashowinfo'] : []),
    `asetpts=PTS-(${from})/TB`,
    // The mean of the channels: without a limit, a loud stereo track mixed to one channel clips.
    `aresample=${SAMPLE_RATE}:async=1:min_hard_comp=${MAX_DRIFT}:first_pts=0:rematrix_maxval=1`,
    'aformat=sample_fmts=flt:channel_layouts=mono',
  ].join(',');
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

/** The samples of a span, from what {@link soundFilter} makes of it; what does not come is silence. */
export class SpanSamples {
  readonly #samples: Float32Array;
  readonly #bytes: Uint8Array;
  #filled = 0;

  constructor([start, end]: Span) {
    const lead = MARGIN * SAMPLE_RATE;
    const wide = new Float32Array(Math.round((end - start) * SAMPLE_RATE) + 2 * lead);
    this.#samples = wide.subarray(lead, -lead);
    this.#bytes = new Uint8Array(wide.buffer);
  }

  /** Bytes of the span with its margins. */
  get size(): number {
    return this.#bytes.length;
  }

  /** @param chunk float32 samples as bytes, cut anywhere; what is behind the margin is dropped */
  add(chunk: Uint8Array): void {
    const room = chunk.subarray(0, this.#bytes.length - this.#filled);
    this.#bytes.set(room, this.#filled);
    this.#filled += room.length;
  }

  /** float32 mono at 16 kHz, `[(end − start) · 16000]`; null where there is nothing to hear. */
  result(): Float32Array | null {
    return isAudible(this.#samples) ? this.#samples.slice() : null;
  }
}
