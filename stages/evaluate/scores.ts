/** What a video was taken for: the mean of its views' probabilities. */
export interface Prediction {
  readonly id: string;
  /** Number of its class. */
  readonly label: number;
  readonly views: number;
  /** One probability a class. */
  readonly probabilities: Float32Array;
}

/** Averages probabilities over the views of each video, in the order in which videos first come. */
export class ViewMean {
  readonly #sums = new Map<string, { label: number; views: number; sum: Float64Array }>();

  add(id: string, label: number, probabilities: ArrayLike<number>): void {
    const known = this.#sums.get(id) ?? { label, views: 0, sum: new Float64Array(probabilities.length) }; // prettier-ignore
    known.views++;
    for (let i = 0; i < probabilities.length; i++)
      known.sum[i] = (known.sum[i] ?? 0) + (probabilities[i] ?? 0);
    this.#sums.set(id, known);
  }

  /** @param scores `[videos.length, classes]` of a batch @param videos what each of its clips is of */
  addAll(videos: readonly Pick<Prediction, 'id' | 'label'>[], scores: Float32Array): void {
    const classes = scores.length / videos.length;
    videos.forEach(({ id, label }, i) => { this.add(id, label, scores.subarray(i * classes, (i + 1) * classes)); }); // prettier-ignore
  }

  predictions(): Prediction[] {
    return [...this.#sums].map(([id, { label, views, sum }]) => ({
      ...{ id, label, views },
      probabilities: Float32Array.from(sum, (value) => value / views),
    }));
  }
}

/** Classes from the most probable down; of equal ones the first. */
export function ranking(probabilities: ArrayLike<number>): number[] {
  return Array.from(probabilities, (_, i) => i).sort(
    (a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0) || a - b,
  );
}

/** How well videos were told apart. */
export interface Accuracy {
  readonly videos: number;
  /** Shares of the videos whose class was first, or among the first five. */
  readonly top1: number;
  readonly top5: number;
  /** Mean over the classes that have videos of the share that was right: classes count alike. */
  readonly meanClass: number;
  /** Share of each class's videos that was right; null where it has none. */
  readonly perClass: readonly (number | null)[];
  /** `[class][taken for]`, numbers of videos. */
  readonly confusion: readonly (readonly number[])[];
}

/** @throws RangeError when there is no prediction */
export function accuracyOf(predictions: readonly Prediction[], classes: number): Accuracy {
  if (predictions.length === 0) throw new RangeError('accuracy: there is no prediction');
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let top5 = 0;
  for (const { label, probabilities } of predictions) {
    const ranked = ranking(probabilities);
    const row = confusion[label] ?? [];
    row[ranked[0] ?? 0] = (row[ranked[0] ?? 0] ?? 0) + 1;
    if (ranked.slice(0, 5).includes(label)) top5++;
  }
  const right = (label: number) => confusion[label]?.[label] ?? 0;
  const perClass = confusion.map((row, label) => {
    const all = row.reduce((sum, count) => sum + count, 0);
    return all === 0 ? null : right(label) / all;
  });
  const given = perClass.filter((fraction) => fraction !== null);
  const videos = predictions.length;
  return {
    videos,
    top1: confusion.reduce((sum, _, label) => sum + right(label), 0) / videos,
    top5: top5 / videos,
    meanClass: given.reduce((sum, fraction) => sum + fraction, 0) / given.length,
    perClass,
    confusion,
  };
}
