import { linear } from '../engine/ops/layers.js';
import { audioTokens } from './audio-tokens.js';
import { fuseAll } from './classifier.js';
import type { ModelConfig } from './config.js';
import { INFERENCE, type LabelBatch } from './forward.js';
import { positionsOf, slotsOf } from './layers/geometry.js';
import { normalizePixels, patchify } from './layers/patch.js';
import { layerNormNamed } from './layers/transformer.js';
import type { RepresentationChoice, TokenGrid } from './system.js';
import { encodeAll } from './videomae.js';
import { under, type Weights } from './weights/weights.js';

/** @throws RangeError when the encoder has no such block */
export function checkLayer({ of, layer }: RepresentationChoice, { depth }: ModelConfig): void {
  if (layer === undefined) return;
  if (of !== 'picture')
    throw new RangeError(`layer ${layer}: blocks are counted in the picture's encoder; leave it out for ${of}`); // prettier-ignore
  if (layer > depth) throw new RangeError(`layer ${layer}: the encoder has ${depth} blocks`);
}

/** The last norm of the encoder, where the run has it: a classifier that pools first has none. */
function normed(encoded: TokenGrid['tokens'], weights: Weights, names: ReadonlySet<string>) {
  return names.has('encoder.norm.weight') ? layerNormNamed(encoded, under(weights, 'encoder'), 'norm') : encoded; // prettier-ignore
}

/**
 * AV-MaskEnhancer's and VideoMAE's representations. `picture`: E_v over all tubelets; `fused`: the stream
 * that the decoder takes, of decoder width (eq. 6); `sound`: E_a, one token a temporal slot (eq. 3).
 */
export function represent(
  batch: LabelBatch,
  weights: Weights,
  config: ModelConfig,
  choice: RepresentationChoice,
): TokenGrid {
  const { of, layer, names, centreInTime } = choice;
  checkLayer(choice, config);
  const lacks = of === 'fused' ? !names.has('fusion_to_decoder.weight') : of === 'sound' && !names.has('no_sound_token'); // prettier-ignore
  if (lacks)
    throw new RangeError(`the run has no representation of ${of === 'fused' ? 'picture and sound fused' : 'sound'}; it has that of the picture`); // prettier-ignore
  const hear = () => audioTokens(batch, weights, config, INFERENCE.norm);
  if (of === 'sound') return { tokens: hear(), grid: [slotsOf(config), 1, 1] };
  const side = Math.sqrt(positionsOf(config));
  const grid = [slotsOf(config), side, side] as const;
  const tubelets = patchify(normalizePixels(batch.video), config);
  const upTo = { ...config, depth: layer ?? config.depth };
  const encoded = encodeAll(tubelets, under(weights, 'encoder'), upTo);
  if (of === 'picture')
    return { tokens: layer === undefined ? normed(encoded, weights, names) : encoded, grid };
  const flat: Weights = (name) => weights(name.startsWith('norm.') ? `encoder.${name}` : name);
  const narrow = linear(hear(), weights('audio_to_decoder.weight'));
  return { tokens: fuseAll(encoded, narrow, flat, config, centreInTime, INFERENCE), grid };
}
