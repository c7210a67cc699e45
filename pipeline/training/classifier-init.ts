import { modelConfig } from '../../model/model-config.js';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { classifierSpecs } from '../../model/systems.js';
import { type ModelConfig } from '../../model/config.js';
import { pretrainedName, type ClassifierConfig } from '../../model/classifier.js';
import { readWeights } from '../../model/weights/read-weights.js';
import type { NamedArray } from '../../model/weights/safetensors.js';
import { listCheckpoints, readRun } from './run/run-folder.js';

/** Weights to begin fine-tuning with. */
export interface ClassifierInit {
  readonly tensors: ReadonlyMap<string, NamedArray>;
  /** The model that they are of, where a run says it. */
  readonly config: ModelConfig | undefined;
}

/** @param path a run folder, a checkpoint, a file of weights, or a folder of transformers */
export async function readClassifierInit(path: string): Promise<ClassifierInit> {
  const isFolder = (await stat(path)).isDirectory();
  const isTheirs = isFolder && (await access(join(path, 'config.json')).then(() => true, () => false)); // prettier-ignore
  const run = isFolder && !isTheirs ? await readRun(path) : undefined;
  const file = run === undefined ? path : (await listCheckpoints(path)).at(-1)?.path;
  if (file === undefined)
    throw new Error(`--init: ${path} has no checkpoint yet; let avme pretrain reach one first`);
  const { tensors } = await readWeights(file);
  return { tensors, config: run === undefined ? undefined : modelConfig.parse(run.model) };
}

/**
 * Of pre-training these have learned from tokens as they are. A classifier that is centred in time
 * learns with them drawn what it does not in as many steps with them given: docs/explanation/evidence.md.
 */
const FUSION =
  /^(encoder_to_decoder|audio_to_decoder|cross_a2v|cross_v2a|self_av|fusion_to_decoder)\./;

/** What of a classifier was in a file, by name. */
export interface TakenWeights {
  readonly tensors: ReadonlyMap<string, NamedArray>;
  /** Weights that the file lacks. */
  readonly lacking: readonly string[];
  /** What of the file has no place in the classifier: a decoder, mostly. */
  readonly unused: readonly string[];
}

/**
 * Picks a classifier's weights, be they named as in pre-training or as in a fine-tuned model. A head
 * for other classes is left, and a fusion that was pre-trained where the classifier is centred in time.
 * @throws Error naming weights of another shape, or when no weight of the encoder is there
 */
export function takeWeights(
  found: ReadonlyMap<string, NamedArray>,
  config: ModelConfig,
  head: ClassifierConfig,
): TakenWeights {
  const tensors = new Map<string, NamedArray>();
  const used = new Set<string>();
  const lacking: string[] = [];
  const wrong: string[] = [];
  const drawn = head.centreInTime && found.has('encoder.patch_embed.proj.weight');
  for (const { name, shape } of classifierSpecs(config, head)) {
    if (drawn && FUSION.test(name)) {
      lacking.push(name);
      continue;
    }
    const source = [name, pretrainedName(name)].find((candidate) => found.has(candidate));
    const given = source === undefined ? undefined : found.get(source);
    const fits = given?.shape.join() === shape.join();
    if (given === undefined || source === undefined || (name.startsWith('head.') && !fits))
      lacking.push(name); // prettier-ignore
    else if (fits) {
      tensors.set(name, given);
      used.add(source);
    } else wrong.push(`${source} is ${given.shape.join('×')}, expected ${shape.join('×')}`);
  }
  if (wrong.length > 0)
    throw new Error(
      `--init does not fit the model:\n  ${wrong.slice(0, 8).join('\n  ')}${wrong.length > 8 ? `\n  and ${wrong.length - 8} more` : ''}`,
    );
  if (lacking.some((name) => /^patch_embed(_v)?\.proj\.weight$/.test(name)))
    throw new Error(
      '--init has no weight of the encoder; it must have the names of avme, of VideoMAE or of transformers',
    );
  const kept = [...found.keys()].filter((name) => !/^(optimizer|ema)\./.test(name));
  return { tensors, lacking, unused: kept.filter((name) => !used.has(name)) };
}
