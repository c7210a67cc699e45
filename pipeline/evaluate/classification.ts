import type { ClassifierConfig } from '../../model/classifier.js';
import {
  accuracyOf,
  ranking,
  ViewMean,
  type Accuracy,
  type Prediction,
} from '../../stages/evaluate/scores.js';
import type { CacheReader } from '../../cache/reader.js';
import type { ClipBatch } from '../../stages/batch/batch.js';
import { createClassifier } from '../../stages/evaluate/classify.js';
import { drawConfusion } from '../../rendering/confusion-sheet.js';
import { evaluatedClips } from './clips.js';
import { readWeightsOf } from './weights.js';
import { checkCrops, chooseClips, cropPlaces } from './views.js';
import {
  checkRead,
  jsonLines,
  secondsSince,
  writeResults,
  type Evaluation,
  type Work,
} from './work.js';

/** How well a classifier tells videos apart. */
export interface ClassifierResult extends Evaluation {
  readonly kind: 'classifier';
  readonly classes: readonly string[];
  readonly accuracy: Accuracy;
  /** Most clips of one video whose scores are averaged. */
  readonly views: number;
  /** Samples that are left out: their label is none of the classes. */
  readonly unknown: number;
  /** Samples that are left out: they have no label. */
  readonly unlabelled: number;
}

/** One line a video: what it is, what it was taken for, and the five most probable classes. */
function describe({ id, label, views, probabilities }: Prediction, classes: readonly string[]) {
  const ranked = ranking(probabilities);
  const named = (i: number) => classes[i] ?? '';
  const top5 = ranked.slice(0, 5).map((i) => ({ label: named(i), probability: probabilities[i] ?? 0 })); // prettier-ignore
  return { id, label: named(label), predicted: named(ranked[0] ?? 0), views, top5 };
}

/** What a batch's clips are of, and the numbers of their classes. */
export const videosOf = (
  reader: CacheReader,
  indices: readonly number[],
  classes: readonly string[],
) =>
  indices.map((index) => {
    const { id, label } = reader.entry(index);
    return { id, label: classes.indexOf(label ?? '') };
  });

/** Gives clips one score a class, `[clips, classes]`. */
export type Score = (batch: ClipBatch) => Promise<Float32Array>;

/** How videos were told apart by scores. */
export type Scored = Omit<ClassifierResult, 'kind' | 'step'> & {
  readonly predictions: readonly Prediction[];
};

/** Goes through the clips with what scores them; a video's score is the mean of its clips'. */
export async function scoreVideos(
  { request, clips, start, views, unlabelled, skipped }: Work,
  classes: readonly string[],
  score: Score,
): Promise<Scored> {
  const { reader } = clips.source;
  const all = clips.source.indices ?? [];
  const known = all.filter((index) => classes.includes(reader.entry(index).label ?? ''));
  if (known.length === 0)
    throw new Error(`none of the samples has a label that the run knows (${classes.slice(0, 5).join(', ')}, …)`); // prettier-ignore
  if (views !== undefined) checkCrops(reader.manifest.shape, views);
  const indices = views === undefined ? known : chooseClips(reader, known, views);
  const crops = cropPlaces(views ?? { spatial: 1 });
  const means = new ViewMean();
  let done = 0;
  const source = { reader, indices };
  const shown = evaluatedClips({ ...clips, source, crops, purpose: 'classify' });
  for await (const { batch, indices: part, crop } of shown) {
    request.signal?.throwIfAborted();
    const scores = await score(batch);
    means.addAll(videosOf(reader, part, classes), scores);
    // The last crop: the clips are done with.
    if (crop === crops.length - 1) done += part.length;
    request.onEvent?.({ event: 'progress', done, total: indices.length });
  }
  checkRead(done, indices.length);
  const predictions = means.predictions();
  const accuracy = accuracyOf(predictions, classes.length);
  return {
    ...{ predictions, clips: done, seconds: secondsSince(start), classes, accuracy },
    // Not spread into a call: there may be more videos than a call has room for.
    views: predictions.reduce((most, prediction) => Math.max(most, prediction.views), 0),
    ...{ unknown: all.length - known.length, unlabelled, badRecords: skipped.length, skipped },
  };
}

/** Goes through the clips with a classifier. */
export async function evaluateClassifier(
  work: Work,
  { head, classes }: { head: ClassifierConfig; classes: readonly string[] },
): Promise<ClassifierResult> {
  const { run, checkpoint, ema, out } = work.request;
  const { step, tensors } = await readWeightsOf(run, checkpoint, ema);
  const model = createClassifier(work.config, head, tensors);
  try {
    const { predictions, ...scored } = await scoreVideos(work, classes, (batch) => model.probabilities(batch)); // prettier-ignore
    const result = { kind: 'classifier', step, ...scored } as const;
    await writeClassification(out, predictions, result);
    return result;
  } finally {
    model.dispose();
  }
}

/** Writes what came out of it, where a folder is given. */
export async function writeClassification(
  folder: string | undefined,
  predictions: readonly Prediction[],
  result: Omit<ClassifierResult, 'kind'>,
): Promise<void> {
  if (folder === undefined) return;
  const { classes, accuracy } = result;
  const confusion = { labels: classes, counts: accuracy.confusion };
  await writeResults(folder, {
    'predictions.jsonl': jsonLines(predictions.map((prediction) => describe(prediction, classes))),
    'confusion.json': `${JSON.stringify(confusion)}\n`,
    'confusion.png': await drawConfusion(confusion, `top-1 ${(100 * accuracy.top1).toFixed(1)} % of ${accuracy.videos} videos`), // prettier-ignore
    'result.json': `${JSON.stringify(result, null, 2)}\n`,
  });
}
