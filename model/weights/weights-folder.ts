import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';

/** Whole files, and the lists of those that are divided, in the order in which they are looked for. */
const WHOLE = ['model.safetensors', 'pytorch_model.bin'] as const;
const index = z.object({ weight_map: z.record(z.string(), z.string()) });

/** The parts that an index names. @throws RangeError when it names none, or files of other folders */
async function partsOf(path: string): Promise<string[]> {
  const parsed = index.safeParse(await readFile(path, 'utf8').then(JSON.parse).catch(() => null)); // prettier-ignore
  if (!parsed.success)
    throw new RangeError(`${path} is no list of files with weights (weight_map)`);
  const names = [...new Set(Object.values(parsed.data.weight_map))].sort();
  const strange = names.find((name) => basename(name) !== name || name === '..');
  if (strange !== undefined)
    throw new RangeError(`${path} names ${strange}, which is not in its folder`);
  return names;
}

/**
 * The files with the weights of a folder as transformers' `save_pretrained` writes it, whole or in parts.
 * @throws RangeError when it has none
 */
export async function weightFilesIn(folder: string): Promise<string[]> {
  const names = new Set(await readdir(folder));
  for (const name of WHOLE) {
    if (names.has(name)) return [join(folder, name)];
    const list = `${name}.index.json`;
    if (names.has(list)) return (await partsOf(join(folder, list))).map((part) => join(folder, part)); // prettier-ignore
  }
  throw new RangeError(`${folder} holds no weights: there is no ${WHOLE.join(', nor ')}`);
}
