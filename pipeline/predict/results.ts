import type { SampleHeader } from '../../cache/records.js';
import { MovingMean } from '../../stages/evaluate/moving-mean.js';
import { ranking, ViewMean } from '../../stages/evaluate/scores.js';
import type { VideoInHand } from './videos-in-order.js';

/** A class, and how probable it is. */
export interface Ranked {
  readonly label: string;
  readonly probability: number;
}

/** What a video, or a window of one, was taken for. */
export interface VideoPrediction {
  readonly kind: 'prediction';
  readonly id: string;
  readonly path: string;
  /** What the list, or the folder, says that it is. */
  readonly label: string | null;
  /** `[start, end)` of what was looked at, in seconds. */
  readonly start: number;
  readonly end: number;
  /** Clips times crops whose probabilities were averaged. */
  readonly views: number;
  /** Clips that could not be decoded. */
  readonly failedClips: number;
  /** The most probable classes, down from the first. */
  readonly top: readonly Ranked[];
  /** One probability a class, in the order of the run's classes. */
  readonly probabilities: Float32Array;
}

/** Why there is no prediction of a video, or of a window of one. */
export interface VideoFailure {
  readonly kind: 'failure';
  readonly id: string;
  readonly path: string;
  /** Of the window; null where it is the whole video. */
  readonly start: number | null;
  readonly end: number | null;
  readonly stage: string;
  readonly cause: string;
  readonly detail: string;
}

export type PredictResult = VideoPrediction | VideoFailure;

interface Span {
  readonly span: readonly [number, number];
  readonly views: number;
}

/** What the clips of one video came to so far. */
export interface VideoState {
  readonly mean: ViewMean;
  clips: number;
  start: number;
  end: number;
  readonly windows: MovingMean<Span>;
}

/** Makes results of the scores of clips. */
export class Results {
  /**
   * @param classes names, in the order of scores
   * @param top how many of them are named
   * @param width seconds over which sliding clips are averaged; undefined: all clips of a video are one result
   */
  constructor(
    private readonly classes: readonly string[],
    private readonly top: number,
    private readonly width: number | undefined,
  ) {}

  readonly begin = (): VideoState => ({
    ...{ mean: new ViewMean(), clips: 0, start: Infinity, end: -Infinity },
    windows: new MovingMean(this.width ?? 0),
  });

  /** @param scores of one clip's views @returns what is known now */
  add(video: VideoInHand<VideoState>, { span }: SampleHeader, scores: readonly Float32Array[]): PredictResult[] {
    const { state } = video;
    const view = new ViewMean();
    const { id } = video.entry;
    for (const one of scores) (this.width === undefined ? state.mean : view).add(id, 0, one);
    state.clips++;
    state.start = Math.min(state.start, span[0]);
    state.end = Math.max(state.end, span[1]);
    if (this.width === undefined) return [];
    const [mean] = view.predictions();
    if (mean === undefined) return [];
    const time = (span[0] + span[1]) / 2;
    const done = state.windows.add({ time, scores: mean.probabilities, about: { span, views: mean.views } });
    return done.map((window) => this.#window(video, window));
  } // prettier-ignore

  /** @param video of which no clip is still to come */
  end(video: VideoInHand<VideoState>): PredictResult[] {
    const { entry, failures, state } = video;
    const { id, path } = entry;
    const failed = failures.map(({ span, stage, cause, detail }): VideoFailure => {
      const place = { start: span?.[0] ?? null, end: span?.[1] ?? null };
      return { kind: 'failure', id, path, ...place, stage, cause, detail };
    });
    if (this.width !== undefined)
      return [...state.windows.end().map((window) => this.#window(video, window)), ...failed];
    const [mean] = state.mean.predictions();
    // Of a video that failed, one clip's cause says it all.
    if (mean === undefined) return failed.slice(0, 1).map((one) => ({ ...one, start: null, end: null })); // prettier-ignore
    const { start, end } = state;
    return [this.#prediction(video, { start, end, views: mean.views, failedClips: failed.length }, mean.probabilities)]; // prettier-ignore
  }

  #window(video: VideoInHand<VideoState>, { about, scores }: { about: Span; scores: Float32Array }) {
    const [start, end] = about.span;
    return this.#prediction(video, { start, end, views: about.views, failedClips: 0 }, scores);
  } // prettier-ignore

  #prediction(
    { entry: { id, path, label } }: VideoInHand<VideoState>,
    about: Pick<VideoPrediction, 'start' | 'end' | 'views' | 'failedClips'>,
    probabilities: Float32Array,
  ): VideoPrediction {
    const top = ranking(probabilities)
      .slice(0, this.top)
      .map((i) => ({ label: this.classes[i] ?? '', probability: probabilities[i] ?? 0 }));
    return { kind: 'prediction', id, path, label, ...about, top, probabilities };
  }
}
