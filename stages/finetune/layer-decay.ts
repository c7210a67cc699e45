/**
 * What a weight's learning rate is multiplied by in fine-tuning: `decay` for each layer that lies
 * between it and the head (BEiT's layer-wise decay, as VideoMAE has it). The patch embedding is layer
 * 0, block i is i + 1, all else comes last; encoders of two modalities are counted side by side, and the
 * block that CAV-MAE joins them by is the last one.
 * @param depth blocks of the encoder
 */
export function layerDecay(name: string, depth: number, decay: number): number {
  if (/^(patch_embed|patch_embed_[av]|modality_[av])(\.|$)/.test(name)) return decay ** (depth + 1);
  const block = /^blocks(?:_[av])?\.(\d+)\./.exec(name)?.[1];
  const joint = /^blocks_u\./.test(name) ? depth : depth + 1;
  const layer = block === undefined ? joint : Number(block) + 1;
  return decay ** (depth + 1 - layer);
}
