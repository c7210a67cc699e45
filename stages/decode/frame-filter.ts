import { z } from 'zod';
import type { FrameSize } from '../../cache/records.js';
import { toneMap, type HdrColour } from '../probe/hdr.js';

export const frameOptions = z.strictObject({
  /** Side of the square that the model sees, in pixels. */
  size: z.coerce.number().int().min(16).max(1024).default(224),
  /** Short side of the frames that are kept, in pixels; null: `size`. What is more is room for random crops. */
  storeSize: z.coerce.number().int().min(16).max(2048).nullable().default(null),
  /**
   * `crop`: short side scaled, centre kept; `short-side`: short side scaled, nothing cut;
   * `pad`: long side scaled, black bars; `stretch`: both scaled.
   */
  fit: z.enum(['crop', 'short-side', 'pad', 'stretch']).default('crop'),
});

/** What frames are made to be. */
export interface FrameFit {
  /** Short side in pixels; all frames are squares of it unless `fit` is `short-side`. */
  readonly size: number;
  readonly fit: z.infer<typeof frameOptions>['fit'];
}

/** Wider or taller than 16:1 is no picture; it would be scaled to a strip of any length. */
const MAX_ASPECT = 16;

/** The most bytes that a frame of this form can have, whatever its video claims to be. */
export function maxFrameBytes({ size, fit }: FrameFit): number {
  return 3 * size * size * (fit === 'short-side' ? MAX_ASPECT : 1);
}

/** Same pixels on every processor, and chroma at full resolution. */
const SCALER = 'flags=bicubic+accurate_rnd+full_chroma_int+bitexact';

const ASPECT = `clip(dar\\,1/${MAX_ASPECT}\\,${MAX_ASPECT})`;

/** Scales so that a box is covered; the aspect is kept. */
function cover({ height, width }: FrameSize): string {
  return `scale=w=max(${width}\\,round(${height}*${ASPECT})):h=max(${height}\\,round(${width}/(${ASPECT}))):${SCALER},format=rgb24`;
}

function fitted({ size, fit }: FrameFit): string {
  const square = { height: size, width: size };
  switch (fit) {
    case 'crop':
      return `${cover(square)},crop=${size}:${size}`;
    case 'short-side':
      return cover(square);
    case 'pad': {
      const side = (length: string) => `clip(round(${length})\\,1\\,${size})`;
      return `scale=w=${side(`${size}*${ASPECT}`)}:h=${side(`${size}/(${ASPECT})`)}:${SCALER},format=rgb24,pad=${size}:${size}:(ow-iw)/2:(oh-ih)/2`;
    }
    case 'stretch':
      return `scale=w=${size}:h=${size}:${SCALER},format=rgb24`;
  }
}

/**
 * ffmpeg's filters from a picture as stored to RGB as it should be seen: square pixels whatever the
 * sample aspect, ordinary tones whatever the transfer curve.
 * @param box a size that all frames are to have; without it, `short-side` follows each frame's aspect
 * @param planar scales to a plane a colour, which newer versions do in a third of the time, and puts
 *   the colours together at the end: the same bits
 */
export function frameFilter(
  fit: FrameFit,
  hdr: HdrColour | null,
  box?: FrameSize,
  planar = false,
): string {
  const shape = box === undefined ? fitted(fit) : `${cover(box)},crop=${box.width}:${box.height}`;
  const chain = [...(hdr === null ? [] : [toneMap(hdr)]), shape];
  if (!planar) return [...chain, 'setsar=1'].join(',');
  const planes = chain.map((filters) => filters.replace('format=rgb24', 'format=gbrp'));
  return [...planes, 'scale=flags=neighbor', 'format=rgb24', 'setsar=1'].join(',');
}

/**
 * ffmpeg's filter that lets exactly the frames at these times through, and ends behind the last.
 * @param times presentation times in seconds, ascending and distinct
 * @param tick the stream's time base in seconds: times are told apart by half of it
 */
export function selectFilter(times: readonly number[], tick: number): string {
  const near = (time: number) => `between(t,${(time - tick / 2).toFixed(9)},${(time + tick / 2).toFixed(9)})`; // prettier-ignore
  const behind = ((times.at(-1) ?? 0) + 1).toFixed(9);
  // Some files have two frames at one time; the first is the one.
  const once = `(isnan(prev_selected_t)+gt(t-prev_selected_t,${(tick / 2).toFixed(9)}))`;
  return `trim=end=${behind},select='(${times.map(near).join('+')})*${once}'`;
}
