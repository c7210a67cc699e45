/**
 * What a weight's learning rate is multiplied by in fine-tuning: `decay` for each layer that lies
 * between it and the head (BEiT's layer-wise decay, as VideoMAE has it). The patch embedding is layer
 * 0, block i is i + 1, all else comes last.
 * @param depth blocks of the encoder
 */
export function layerDecay(name: string, depth: number, decay: number): number {
  const block = /^blocks\.(\d+)\./.exec(name)?.[1];
  const layer = name.startsWith('patch_embed.') ? 0 : block === undefined ? depth + 1 : Number(block) + 1; // prettier-ignore
  return decay ** (depth + 1 - layer);
}
