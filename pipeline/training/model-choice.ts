import { SYSTEM_NAMES, PRESETS, type ModelConfig } from '../../model/config.js';
import { modelConfig } from '../../model/model-config.js';
import { z } from 'zod';
import type { ClipShape } from '../../cache/records.js';
import { wholeNumber } from '../../stages/train/training-options.js';
import { systemOf } from '../../model/systems.js';

const size = wholeNumber.optional();
const list = z
  .union([z.string().transform((text) => text.split(',').map(Number)), z.array(z.number())])
  .pipe(
    z
      .array(z.number().int().min(1))
      .length(4, { error: 'must be four whole numbers, e.g. 16,32,64,128' }),
  )
  .optional();

/** What a user says of the model; the rest follows from the cache. */
export const modelChoice = z.strictObject({
  variant: z.enum(SYSTEM_NAMES).default('av'),
  preset: z.enum(['ti', 's', 'b', 'l']).default('s'),
  tubelet: size,
  width: size,
  depth: size,
  heads: size,
  decoderWidth: size,
  decoderDepth: size,
  decoderHeads: size,
  fusionHeads: size,
  audioFilters: list,
  audioLayers: list,
  imageSize: size,
  target: z.enum(['normalised', 'raw']).optional(),
  lossOver: z.enum(['masked', 'all']).optional(),
  dropout: z.coerce.number().min(0).max(0.9).optional(),
});
export type ModelChoice = z.infer<typeof modelChoice>;

/** Patch side of a cache: its mask has one position a patch. */
const patchOf = (shape: ClipShape) => shape.size / Math.sqrt(shape.positions);

/**
 * The whole configuration: what was asked for, over the preset's sizes, on the cache's clips.
 * @throws Error naming each field that does not fit, what it is, and what would be right
 */
export function chooseModel(choice: ModelChoice, shape: ClipShape): ModelConfig {
  const { preset, ...asked } = choice;
  const system = systemOf(choice);
  const given = Object.fromEntries(
    Object.entries(asked).filter(([, value]) => value !== undefined),
  );
  const candidate = {
    ...PRESETS[preset],
    ...system.presets?.[preset],
    imageSize: shape.size,
    frames: shape.frames,
    patch: patchOf(shape),
    mfccFrames: shape.mfccFrames,
    cepstra: shape.cepstra,
    ...(system.input.mel && shape.melBands !== undefined && { melBands: shape.melBands }),
    ...given,
  };
  const result = modelConfig.safeParse(candidate);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => {
    const name = path.join('.');
    return `${name}: got ${JSON.stringify(candidate[name as keyof typeof candidate])}; ${message}`;
  });
  throw new Error(`the model cannot be built:\n  ${lines.join('\n  ')}`);
}

/**
 * Whether a model can take a cache's clips.
 * @throws Error naming what differs
 */
export function checkFit(config: ModelConfig, shape: ClipShape): void {
  const positions = (config.imageSize / config.patch) ** 2;
  const wanted = {
    frames: config.frames,
    mfccFrames: config.mfccFrames,
    cepstra: config.cepstra,
    positions,
    ...(systemOf(config).input.mel && { melBands: config.melBands }),
  };
  const lines = (Object.keys(wanted) as (keyof typeof wanted)[])
    .filter((name) => wanted[name] !== shape[name])
    .map((name) => `${name}: the model has ${wanted[name]}, the cache ${shape[name] ?? 'none'}`);
  if (lines.length > 0)
    throw new Error(
      `the model does not fit this cache; give the one it was trained on, or one made with the same options:\n  ${lines.join('\n  ')}`,
    );
}
