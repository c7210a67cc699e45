import type { ClassifierConfig } from '../../model/index.js';
import { accuracyOf, createClassifier, drawConfusion, ranking, ViewMean, type Accuracy, type Prediction } from '../../stages/index.js'; // prettier-ignore
import { evaluatedClips } from './clips.js';
import { readWeightsOf } from './weights.js';
import { jsonLines, writeResults, type Evaluation, type Work } from './work.js';

/** How well a classifier tells videos apart. */
export interface ClassifierResult extends Evaluation {
  readonly kind: 'classifier';
  readonly classes: readonly string[];
  readonly accuracy: Accuracy;
  /** Most clips of one video whose scores are averaged. */
  readonly views: number;
  /** Samples that are left out: their label is none of the classes. */
  readonly unknown: number;
}

/** One line a video: what it is, what it was taken for, and the five most probable classes. */
function describe({ id, label, views, probabilities }: Prediction, classes: readonly string[]) {
  const ranked = ranking(probabilities);
  const named = (i: number) => classes[i] ?? '';
  const top5 = ranked.slice(0, 5).map((i) => ({ label: named(i), probability: probabilities[i] ?? 0 })); // prettier-ignore
  return { id, label: named(label), predicted: named(ranked[0] ?? 0), views, top5 };
}

/** Goes through the clips with a classifier. */
export async function evaluateClassifier(
  { request, config, clips, start }: Work,
  { head, classes }: { head: ClassifierConfig; classes: readonly string[] },
): Promise<ClassifierResult> {
  const { reader } = clips.source;
  const all = clips.source.indices ?? [];
  const indices = all.filter((index) => classes.includes(reader.entry(index).label ?? ''));
  if (indices.length === 0)
    throw new Error(`none of the samples has a label that the run knows (${classes.slice(0, 5).join(', ')}, …)`); // prettier-ignore
  const { step, tensors } = await readWeightsOf(request.run, request.checkpoint, request.ema);
  const model = createClassifier(config, head, tensors);
  const means = new ViewMean();
  let done = 0;
  try {
    const shown = evaluatedClips({ ...clips, source: { reader, indices }, purpose: 'classify' });
    for await (const { batch, indices: part } of shown) {
      request.signal?.throwIfAborted();
      const scores = await model.probabilities(batch);
      part.forEach((index, i) => {
        const { id, label } = reader.entry(index);
        means.add(id, classes.indexOf(label ?? ''), scores.subarray(i * classes.length, (i + 1) * classes.length)); // prettier-ignore
      });
      done += part.length;
      request.onEvent?.({ event: 'progress', done, total: indices.length });
    }
  } finally {
    model.dispose();
  }
  const predictions = means.predictions();
  const accuracy = accuracyOf(predictions, classes.length);
  // Not spread into the call: there may be more videos than a call has room for.
  const views = predictions.reduce((most, prediction) => Math.max(most, prediction.views), 0);
  const unknown = all.length - indices.length;
  const result = { kind: 'classifier', step, clips: done, seconds: (performance.now() - start) / 1000, classes, accuracy, views, unknown } as const; // prettier-ignore
  const confusion = { labels: classes, counts: accuracy.confusion };
  if (request.out !== undefined)
    await writeResults(request.out, {
      'predictions.jsonl': jsonLines(
        predictions.map((prediction) => describe(prediction, classes)),
      ),
      'confusion.json': `${JSON.stringify(confusion)}\n`,
      'confusion.png': await drawConfusion(confusion, `top-1 ${(100 * accuracy.top1).toFixed(1)} % of ${accuracy.videos} videos`), // prettier-ignore
      'result.json': `${JSON.stringify(result, null, 2)}\n`,
    });
  return result;
}
