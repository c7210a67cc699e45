import type { Represented } from '../../model/system.js';
import type { LoaderSource } from '../../stages/load/options.js';
import { createKnn } from '../../stages/evaluate/knn.js';
import { createRepresenter, type Representer } from '../../stages/evaluate/represent.js';
import type { RunDescription } from '../training/run/run-description.js';
import { commonSamples, openTrainingData } from '../training/data/training-data.js';
import { checkFit } from '../training/model-choice.js';
import { scoreVideos, writeClassification, type ClassifierResult, type Score } from './classification.js'; // prettier-ignore
import { evaluatedClips, type ClipsRequest } from './clips.js';
import { readWeightsOf } from './weights.js';
import type { Work } from './work.js';

/** How well videos are told apart by the nearest clips of a bank. */
export interface KnnResult extends Omit<ClassifierResult, 'kind'> {
  readonly kind: 'knn';
  /** Clips of the bank. */
  readonly bank: number;
  readonly k: number;
  readonly tau: number;
  readonly of: Represented;
  /** Block of the picture's encoder; null: the last, behind its norm. */
  readonly layer: number | null;
}

/** DINO's. */
export const NEIGHBOURS = { k: 20, tau: 0.07 } as const;

/** Clips with labels as vectors, which other clips are compared with. */
export interface Bank extends Disposable {
  readonly clips: number;
  readonly classes: readonly string[];
  readonly score: Score;
}

export interface BankRequest extends Omit<ClipsRequest, 'purpose'> {
  /** All of its samples have labels. */
  readonly source: LoaderSource;
  readonly model: Representer;
  readonly k: number;
  readonly tau: number;
  readonly signal?: AbortSignal | undefined;
  readonly onClips?: ((done: number, total: number) => void) | undefined;
}

/** Represents the clips of a bank. */
export async function fillBank(request: BankRequest): Promise<Bank> {
  const { model, k, tau, signal, onClips, ...clips } = request;
  const { reader, indices = [] } = clips.source;
  const labelOf = (index: number) => reader.entry(index).label ?? '';
  const classes = [...new Set(indices.map(labelOf))].sort();
  const numbers = new Map(classes.map((name, i) => [name, i]));
  const knn = createKnn({ k, tau, classes: classes.length });
  const dispose = () => { knn.dispose(); }; // prettier-ignore
  try {
    let held = 0;
    for await (const { batch, indices: part } of evaluatedClips({
      ...clips,
      purpose: 'classify',
    })) {
      signal?.throwIfAborted();
      const { values } = await model.represent(batch);
      knn.add(values, part.map((index) => numbers.get(labelOf(index)) ?? 0)); // prettier-ignore
      held += part.length;
      onClips?.(held, indices.length);
    }
    const score: Score = async (batch) => knn.scores((await model.represent(batch)).values);
    return { clips: held, classes, score, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** @throws Error where clips that are told apart are in the bank themselves */
function checkApart(asked: LoaderSource, bank: LoaderSource): void {
  const both = commonSamples([bank], [asked]);
  if (both > 0)
    throw new Error(`${both} of the clips that are to be told apart are in the bank themselves; choose others, e.g. --splits test, or another --bank-splits`); // prettier-ignore
}

/**
 * The kNN probe (DINO, Caron et al. 2021): the labels of the nearest clips of a bank vote, each with
 * weight exp(cosine / tau). Nothing is trained; it judges pre-trained runs and classifiers alike.
 * @throws Error when the bank has no labelled clip, or has clips that are to be told apart
 */
export async function evaluateNeighbours(work: Work, run: RunDescription): Promise<KnnResult> {
  const { request, config, clips } = work;
  const { bank: path = request.cache, bankSplits = ['train'], of = 'picture', layer } = request;
  const { k = NEIGHBOURS.k, tau = NEIGHBOURS.tau, signal, onEvent } = request;
  await using data = await openTrainingData(path, { splits: bankSplits }, 'labelled').catch((error: unknown) => {
    throw new Error(`the bank of --probe knn: ${(error as Error).message}`, { cause: error });
  }); // prettier-ignore
  const [source] = data.sources;
  checkFit(config, source.reader.manifest.shape);
  checkApart(clips.source, source);
  const { step, tensors } = await readWeightsOf(request.run, request.checkpoint, request.ema);
  const model = createRepresenter(config, run.classifier?.head, tensors, { of, layer });
  try {
    using bank = await fillBank({
      ...{ ...clips, source, model, k, tau, signal },
      onClips: (done, total) => onEvent?.({ event: 'progress', part: 'bank', done, total }),
    });
    const { predictions, ...scored } = await scoreVideos(work, bank.classes, bank.score);
    const result = { kind: 'knn', step, bank: bank.clips, k, tau, of, layer: layer ?? null, ...scored } as const; // prettier-ignore
    await writeClassification(request.out, predictions, result);
    return result;
  } finally {
    model.dispose();
  }
}
