import { open } from 'node:fs/promises';
import { readSafetensors } from './safetensors.js';
import { readTorchFile } from './torch-file.js';
import { namingOf, toOriginalNames, type Naming, type RenamedWeights } from './weight-names.js';

export interface ReadWeights extends RenamedWeights {
  /** The names that the file has. */
  readonly naming: Naming;
}

async function isZip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString('latin1') === 'PK\u0003\u0004';
  } finally {
    await file.close();
  }
}

/**
 * Weights from a file of ours or of the PyTorch world, under the original's names: safetensors, or what
 * `torch.save` wrote; VideoMAE's own names or those of transformers. The file says itself which.
 * @throws SafetensorsError, TorchFileError or RangeError naming what cannot be read
 */
export async function readWeights(path: string): Promise<ReadWeights> {
  const { tensors } = await ((await isZip(path)) ? readTorchFile(path) : readSafetensors(path));
  const bare = [...tensors.keys()].map((name) => name.replace(/^module\./, ''));
  return { ...toOriginalNames(tensors), naming: namingOf(bare) };
}
