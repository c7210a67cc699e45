import { open, stat } from 'node:fs/promises';
import { averagesOf } from './averages.js';
import { readSafetensors, type NamedArray } from './safetensors.js';
import { readTorchFile } from './torch-file.js';
import { weightFilesIn } from './weights-folder.js';
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

async function readFile(path: string, averaged: boolean) {
  if (await isZip(path)) return (await readTorchFile(path, averaged)).tensors;
  const { tensors } = await readSafetensors(path);
  const wanted = averaged ? averagesOf(tensors) : tensors;
  if (wanted === undefined)
    throw new RangeError(`${path} has no averages of its weights; leave --ema out`);
  return wanted;
}

/**
 * Weights from a file of ours or of the PyTorch world, under the original's names: safetensors, or what
 * `torch.save` wrote; VideoMAE's own names or those of transformers. The file says itself which.
 * @param path a file; or a folder as transformers' `save_pretrained` writes it
 * @param averaged the averages of the weights that a training kept; default the weights
 * @throws SafetensorsError, TorchFileError or RangeError naming what cannot be read
 */
export async function readWeights(path: string, averaged = false): Promise<ReadWeights> {
  const files = (await stat(path)).isDirectory() ? await weightFilesIn(path) : [path];
  const tensors = new Map<string, NamedArray>();
  for (const file of files)
    for (const [name, tensor] of await readFile(file, averaged)) tensors.set(name, tensor);
  const bare = [...tensors.keys()].map((name) => name.replace(/^module\./, ''));
  return { ...toOriginalNames(tensors), naming: namingOf(bare) };
}
