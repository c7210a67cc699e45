import { z } from 'zod';

/** Share of the positions that is hidden from the model, between 0 and 1, both excluded. */
export const maskRatioOption = z.coerce
  .number()
  .gt(0, 'must be above 0: nothing would be left to reconstruct')
  .lt(1, 'must be below 1: nothing would be left to see');

export const maskOptions = z.strictObject({
  /** Side of a patch in pixels; must divide the frame size. */
  patch: z.coerce.number().int().min(2).max(128).default(16),
  /** Share of the positions that is hidden from the model, between 0 and 1, both excluded. */
  maskRatio: maskRatioOption.default(0.9),
});

/**
 * How many of the spatial positions a tube mask hides: `floor(ratio · positions)`.
 * @throws RangeError when that leaves nothing visible or nothing masked
 */
export function maskedPositions(positions: number, ratio: number): number {
  // 0.57 · 100 is 56.99999999999999 in binary, and means 57.
  const masked = Math.floor(ratio * positions + 1e-9);
  if (!(ratio > 0 && ratio < 1) || masked < 1 || masked >= positions)
    throw new RangeError(
      `a mask ratio of ${ratio} hides ${masked} of ${positions} positions; ` +
        'choose one between 0 and 1 that hides at least one and leaves at least one visible',
    );
  return masked;
}

/**
 * Draws a tube mask: one spatial map that holds for all temporal slots (VideoMAE).
 * @param draw uniform numbers in [0, 1); the mask is a pure function of them
 * @returns uint8 `[positions]`, 1 = masked
 */
export function drawTubeMask(positions: number, ratio: number, draw: () => number): Uint8Array {
  return drawMask(positions, maskedPositions(positions, ratio), draw);
}

/**
 * Hides `hidden` of so many positions, each as likely as any other.
 * @param draw uniform numbers in [0, 1); the mask is a pure function of them
 * @returns uint8 `[positions]`, 1 = masked
 */
export function drawMask(positions: number, hidden: number, draw: () => number): Uint8Array {
  const mask = new Uint8Array(positions);
  mask.fill(1, 0, hidden);
  for (let i = positions - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [mask[i], mask[j]] = [mask[j] ?? 0, mask[i] ?? 0];
  }
  return mask;
}

/** Indices of the tokens of a clip, `slot · positions + position`, ascending: time-major. */
export interface TokenOrder {
  readonly visible: Int32Array;
  readonly masked: Int32Array;
}

/**
 * Spreads a tube mask over the temporal slots.
 * @param mask uint8 `[positions]`
 * @param slots temporal slots, `frames / 2`
 * @param visible written in place, `[slots · visible positions]`
 * @param masked written in place, `[slots · masked positions]`
 * @throws RangeError when the mask hides more or fewer positions than these have room for
 */
export function writeTokenOrder(
  mask: Uint8Array,
  slots: number,
  visible: Int32Array,
  masked: Int32Array,
): void {
  const hidden = mask.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
  if (slots * hidden !== masked.length || slots * (mask.length - hidden) !== visible.length)
    throw new RangeError(
      `batch: a mask hides ${hidden} of ${mask.length} positions, the others ${masked.length / slots}; draw all with one ratio`,
    );
  const tokens = slots * mask.length;
  for (let token = 0, seen = 0, unseen = 0; token < tokens; token++)
    if (mask[token % mask.length] === 0) visible[seen++] = token;
    else masked[unseen++] = token;
}

/** As {@link writeTokenOrder}, into arrays of its own. */
export function tokenOrder(mask: Uint8Array, slots: number): TokenOrder {
  const hidden = mask.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
  const visible = new Int32Array(slots * (mask.length - hidden));
  const masked = new Int32Array(slots * hidden);
  writeTokenOrder(mask, slots, visible, masked);
  return { visible, masked };
}
