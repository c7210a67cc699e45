import { z } from 'zod';

export const pictureOptions = z.strictObject({
  /** Side of the square frames that are kept, in pixels. */
  size: z.coerce.number().int().min(16).max(1024).default(224),
  /** `crop`: short side to size, centre kept; `pad`: long side to size, black bars; `stretch`: both. */
  fit: z.enum(['crop', 'pad', 'stretch']).default('crop'),
});
export type PictureOptions = z.infer<typeof pictureOptions>;

/** Wider or taller than 16:1 is no picture; it would be scaled to a strip of any length. */
const MAX_ASPECT = 16;

/** Same pixels on every processor, and chroma at full resolution. */
const SCALER = 'flags=bicubic+accurate_rnd+full_chroma_int+bitexact';

/** Light above a screen's white is rolled off instead of cut (Hable's curve). */
const TONE_MAP =
  'zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,' +
  'zscale=t=bt709:m=bt709:r=tv,format=yuv420p,';

/**
 * ffmpeg's filters from a picture as stored to `size`×`size` RGB as it should be seen: square
 * pixels whatever the sample aspect, ordinary tones whatever the transfer curve.
 */
export function pictureFilter({ size, fit }: PictureOptions, hdr: boolean): string {
  const aspect = `clip(dar\\,1/${MAX_ASPECT}\\,${MAX_ASPECT})`;
  const wide = `round(${size}*${aspect})`;
  const tall = `round(${size}/(${aspect}))`;
  const fitted = {
    crop: `scale=w=max(${size}\\,${wide}):h=max(${size}\\,${tall}):${SCALER},format=rgb24,crop=${size}:${size}`,
    pad: `scale=w=clip(${wide}\\,1\\,${size}):h=clip(${tall}\\,1\\,${size}):${SCALER},format=rgb24,pad=${size}:${size}:(ow-iw)/2:(oh-ih)/2`,
    stretch: `scale=w=${size}:h=${size}:${SCALER},format=rgb24`,
  }[fit];
  return `${hdr ? TONE_MAP : ''}${fitted},setsar=1`;
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
