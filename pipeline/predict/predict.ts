import { createClassifier } from '../../stages/evaluate/classify.js';
import type { StageCounters } from '../../stages/stream.js';
import { checkCrops, cropPlaces, spreadClips } from '../evaluate/views.js';
import { secondsSince } from '../evaluate/work.js';
import { stageReport, type StageReport } from '../preprocess/tally.js';
import type { NoteEvent } from '../training/run/run-statistics.js';
import type { ClipChoice } from './messages.js';
import { openRunFor, type RunChoice } from './open-run.js';
import { predictOptions, type PredictOptions } from './predict-options.js';
import { Results, type PredictResult } from './results.js';
import { shownVideos } from './shown-videos.js';
import { openSources, type SourceChoice } from './sources.js';
import { VideosInOrder } from './videos-in-order.js';

export interface PredictRequest extends Omit<PredictOptions, 'ema'>, RunChoice {
  /** Videos, folders, lists, `-` for paths on stdin, or sources; one or several. */
  readonly source: SourceChoice | readonly SourceChoice[];
  readonly onEvent?: ((event: PredictEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What it came to. */
export interface PredictSummary {
  /** Of the checkpoint. */
  readonly step: number;
  readonly videos: number;
  /** Videos of which nothing could be predicted. */
  readonly failed: number;
  readonly clips: number;
  readonly seconds: number;
  /** Seconds at which the model computed; the rest of the time it waited for clips. */
  readonly modelSeconds: number;
  /** Of the reading, which goes on while the model computes, in the order of the stages. */
  readonly stages: readonly StageReport[];
}

export type PredictEvent =
  | { readonly event: 'progress'; readonly videos: number; readonly clips: number }
  | ({ readonly event: 'done' } & PredictSummary)
  | NoteEvent;

function choiceOf({ every, clips, views }: Pick<PredictOptions, 'every' | 'clips'> & { views?: { temporal: number } | undefined }, own: number): ClipChoice {
  if (every !== undefined) return { kind: 'sliding', every: Number(every) };
  const count = Number(clips ?? views?.temporal ?? own);
  const temporal = views?.temporal ?? count;
  if (temporal > count)
    throw new Error(`--views asks for ${temporal} clips of each video, --clips for ${count}; leave --clips out`); // prettier-ignore
  return { kind: 'spread', clips: count, chosen: spreadClips(count, temporal) };
} // prettier-ignore

/** @throws Error when two options contradict each other */
function checkChoice({ every, window, clips, views }: PredictOptions): void {
  if (window !== undefined && every === undefined)
    throw new Error('--window averages over sliding clips; give --every as well');
  if (every !== undefined && (clips !== undefined || views !== undefined))
    throw new Error('--every slides over the whole video; leave --clips and --views out');
}

/**
 * Classifies videos that no cache holds: source → decode → sample → MFCC → batch → model. Clips are
 * made and shown as those that `evaluate` measures the run on, and read ahead while the model computes;
 * memory does not depend on how many videos there are, nor on how long one is.
 *
 * ```ts
 * for await (const result of predict({ run: 'runs/b', source: 'videos/' }))
 *   if (result.kind === 'prediction') console.log(result.id, result.top[0]?.label);
 * ```
 * @returns in the order of the sources, a prediction a video, or with `every` one a window; a failure
 *   where a video, or a window, cannot be read, and it goes on
 * @throws Error when the run is no classifier or options contradict each other; ZodError naming an
 *   option that is wrong
 */
export async function* predict(request: PredictRequest): AsyncGenerator<PredictResult, void> {
  const start = performance.now();
  const { run, checkpoint, ema, backend, source, onEvent, signal, ...given } = request;
  const { views, top, window, every, clips, precision, ...asked } = predictOptions.parse(given);
  checkChoice(given);
  const { run: description, config, weights, notes, ...opened } = await openRunFor({ run, checkpoint, ema, backend }, asked); // prettier-ignore
  const { classifier } = description;
  if (classifier === undefined)
    throw new Error(`${run} is a run of pre-training, which knows no classes; give one of avme finetune, or use avme embed`); // prettier-ignore
  for (const note of notes) onEvent?.(note);
  if (views !== undefined) checkCrops(opened.format.manifest.shape, views, 'frames', 'make them with --fit short-side'); // prettier-ignore
  const entries = await openSources([source].flat(), { ...asked, shard: null }, onEvent, signal);
  const { head, classes } = classifier;
  const results = new Results(classes, top, every === undefined ? undefined : (window ?? 0));
  const videos = new VideosInOrder(results.begin);
  const crops = cropPlaces(views ?? { spatial: 1 });
  const counts = { videos: 0, failed: 0, clips: 0, modelSeconds: 0 };
  let stages: readonly StageCounters[] = [];
  let begun = 0;
  function* complete(number: number): Generator<PredictResult> {
    for (const video of videos.before(number)) {
      counts.videos++;
      if (video.state.clips === 0) counts.failed++;
      yield* results.end(video);
    }
  }
  const model = createClassifier(config, head, weights.tensors, precision);
  try {
    const shown = shownVideos({ config, ...opened }, 'classify', {
      ...asked,
      ...{ entries, crops, choice: choiceOf({ every, clips, views }, opened.options.clips) },
      worse: { blur: asked.blur, lowRes: asked.lowRes },
      onEntry(number, entry) {
        begun = number + 1;
        videos.add(number, entry);
      },
      onFailure: videos.fail,
      onEnd(counters) {
        stages = counters;
      },
      signal,
    });
    let scored: Float32Array[][] = [];
    for await (const { batch, tags, crop } of shown) {
      signal?.throwIfAborted();
      const began = performance.now();
      const scores = await model.probabilities(batch);
      counts.modelSeconds += secondsSince(began);
      if (crop === 0) scored = tags.map(() => []);
      scored.forEach((views, i) => views.push(scores.subarray(i * classes.length, (i + 1) * classes.length))); // prettier-ignore
      if (crop < crops.length - 1) continue;
      for (const [i, { number, header }] of tags.entries()) {
        yield* complete(number);
        yield* results.add(videos.get(number), header, scored[i] ?? []);
      }
      counts.clips += tags.length;
      onEvent?.({ event: 'progress', videos: counts.videos, clips: counts.clips });
    }
    yield* complete(begun);
  } finally {
    model.dispose();
  }
  const seconds = secondsSince(start);
  onEvent?.({
    ...{ event: 'done', step: weights.step, ...counts, seconds },
    stages: stages.map((counters) => stageReport(counters, seconds)),
  });
}
