import { readWeights } from '../model/weights/read-weights.js';
import { toHuggingFaceNames, type Naming } from '../model/weights/weight-names.js';
import { writeSafetensors, type NamedArray } from '../model/weights/safetensors.js';

export interface ConvertRequest {
  /** Weights of ours or of the PyTorch world: safetensors, or a file of `torch.save`. */
  readonly input: string;
  /** The safetensors file to write. */
  readonly output: string;
  /** Names to write; default the original's. */
  readonly names?: Naming;
  /** Keep what is no weight: the optimiser's moments of a checkpoint. Default false. */
  readonly moments?: boolean;
  /** The averages of the weights that a training kept, instead of the weights. Default false. */
  readonly ema?: boolean;
}

export interface Conversion {
  readonly from: Naming;
  readonly to: Naming;
  /** Tensors written. */
  readonly tensors: number;
  /** Values in them. */
  readonly values: number;
  /** Names that were left out: fixed position tables, key biases, moments. */
  readonly left: readonly string[];
}

/** How many tensors there are, and values in them. */
export function sizeOf(written: ReadonlyMap<string, NamedArray>): Pick<Conversion, 'tensors' | 'values'> {
  const values = [...written.values()].reduce((sum, { data }) => sum + data.length, 0);
  return { tensors: written.size, values };
} // prettier-ignore

/**
 * Writes weights under other names, as float32 safetensors.
 * @throws Error naming what cannot be read
 */
export async function convert(request: ConvertRequest): Promise<Conversion> {
  const { input, output, names: to = 'original', moments = false, ema = false } = request;
  const { tensors, left, naming: from } = await readWeights(input, ema);
  const dropped = moments ? [] : [...tensors.keys()].filter((name) => name.startsWith('optimizer.')); // prettier-ignore
  dropped.forEach((name) => tensors.delete(name));
  const written = to === 'original' ? tensors : toHuggingFaceNames(tensors);
  await writeSafetensors(output, written, { format: 'pt' });
  return { from, to, ...sizeOf(written), left: [...left, ...dropped] };
}
