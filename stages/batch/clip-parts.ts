import type { ClipShape } from '../../cache/records.js';
import type { Draw } from '../augment/augment.js';

/**
 * What of a clip goes into a batch. Where that is one frame, the tokens that masks are about are the
 * patches of that frame and, behind them, those of the log-mel spectrum, each masked on its own.
 */
export interface ClipParts {
  /** `all` frames, masked by tubes; one, `random` each time the clip is seen, or the one in the `middle`. */
  readonly frames: 'all' | 'random' | 'middle';
  /** Side of the patches that the log-mel spectrum is cut into; null: it is not wanted. Not every cache has it. */
  readonly melPatch: number | null;
}

/** What a model of sound and picture takes that hears MFCCs. */
export const WHOLE_CLIP: ClipParts = { frames: 'all', melPatch: null };

/**
 * What a clip is heard with: its `own` sound; none (`mute`); that of another video (`shuffled`), where it
 * has any itself; or the mean sound where it has any, so that all there is to hear is that (`presence`).
 */
export const SOUNDS = ['own', 'mute', 'shuffled', 'presence'] as const;
export type AudioChoice = (typeof SOUNDS)[number];

/** Mean and standard deviation of all values of the log-mel spectra of a cache. */
export interface MelStatistics {
  readonly mean: number;
  readonly std: number;
}

/**
 * CAV-MAE standardises by two numbers, not by two a band: the spectrum's slope stays in it.
 * @param bands mean and deviation of each band
 */
export function melStatistics(
  bands: { readonly mean: readonly number[]; readonly std: readonly number[] } | undefined,
): MelStatistics | undefined {
  if (bands === undefined) return undefined;
  const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length; // prettier-ignore
  const mean = average(bands.mean);
  const squares = average(bands.mean.map((value, i) => value ** 2 + (bands.std[i] ?? 0) ** 2));
  // Bands in which nothing is ever heard must not become a division by zero.
  return { mean, std: Math.max(Math.sqrt(Math.max(0, squares - mean ** 2)), 1e-6) };
}

/** (mel − mean) / std. @param out written in place */
export function standardizeMel(
  mel: Float32Array,
  { mean, std }: MelStatistics,
  out: Float32Array,
): void {
  for (let i = 0; i < out.length; i++) out[i] = ((mel[i] ?? 0) - mean) / std;
}

/** How many patches a log-mel spectrum has. */
function melPatches({ mfccFrames, melBands = 0 }: ClipShape, patch: number): number {
  return (mfccFrames / patch) * (melBands / patch);
}

/** How many patches of the spectrum have tokens, and how many of them a mask hides. */
export interface MelTokens {
  readonly patches: number;
  readonly hidden: number;
}

/** The share that is hidden is that of the picture's `hidden` positions, but something is always left of both. */
export function melTokens(
  shape: ClipShape,
  { frames, melPatch }: ClipParts,
  hidden: number,
): MelTokens {
  if (frames === 'all' || melPatch === null) return { patches: 0, hidden: 0 };
  const patches = melPatches(shape, melPatch);
  const share = Math.floor((hidden / shape.positions) * patches + 1e-9);
  return { patches, hidden: Math.min(Math.max(1, share), patches - 1) };
}

/** Which frame of a clip is taken. */
export function chosenFrame(frames: number, kind: 'random' | 'middle', draw: () => Draw): number {
  return kind === 'middle' ? frames >> 1 : Math.floor(draw()() * frames);
}

/** @throws RangeError saying what the cache lacks, or does not divide into patches */
export function checkParts(shape: ClipShape, { melPatch: patch }: ClipParts): void {
  if (patch === null) return;
  if (shape.melBands === undefined)
    throw new RangeError(
      'loader: the cache holds no log-mel spectra; make one that does with avme preprocess --mel 128',
    );
  if (shape.mfccFrames % patch !== 0 || shape.melBands % patch !== 0)
    throw new RangeError(
      `loader: a log-mel spectrum of ${shape.mfccFrames} × ${shape.melBands} does not divide into patches of ${patch} × ${patch}; preprocess with another --mel or --patch`,
    );
  if (melPatches(shape, patch) < 2)
    throw new RangeError('loader: a log-mel spectrum of one patch cannot be masked; choose a smaller --patch'); // prettier-ignore
}
