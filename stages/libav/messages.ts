import type { Span } from '../decode/sound-span.js';

/** What a child finds out about an ordinary file; times in seconds. */
export interface FileIndex {
  readonly times: Float64Array;
  readonly keyframes: Float64Array;
  readonly tick: number;
  readonly interval: number;
  readonly end: number;
  /** libav's name of it. */
  readonly container: string;
  /** Number of the picture stream. */
  readonly picture: number;
  /** Number of the sound stream; null where there is none. */
  readonly sound: number | null;
  /** Every packet of the picture says when it is shown. */
  readonly allTimed: boolean;
}

/** Which frames of a file to decode, and how. */
export interface PictureOrder {
  readonly stream: number;
  /** Of the stream, seconds. */
  readonly tick: number;
  /** Where to enter the file, seconds: at the keyframe in front. */
  readonly enter: number;
  /** Presentation times, seconds, ascending and distinct. */
  readonly times: readonly number[];
  readonly filters: string;
  readonly allTimed: boolean;
  /** Of a frame, at most. */
  readonly maxFrameBytes: number;
}

/** Which sound of a file to decode, and how. */
export interface SoundOrder {
  readonly stream: number;
  /** Where to enter the file, seconds; null: at its beginning. */
  readonly enter: number | null;
  readonly span: Span;
  readonly filters: string;
}

export type Task =
  | { readonly job: 'index'; readonly path: string }
  | {
      readonly job: 'clips';
      readonly path: string;
      readonly picture: PictureOrder;
      readonly sounds: readonly SoundOrder[];
    };

/** What became of a task of clips. Behind the frames in the shared file lies the sound of one span after the other. */
export interface ClipsAnswer {
  readonly height: number;
  readonly width: number;
  /** When the frames that came out are shown, seconds. */
  readonly times: readonly number[];
  /** Samples of each span; 0 where there is nothing to hear. */
  readonly samples: readonly number[];
}

export type Answer =
  | { readonly index: FileIndex }
  | { readonly clips: ClipsAnswer }
  /** `suspect`: libav failed at it, and the child is better replaced. */
  | { readonly refusal: string; readonly suspect: boolean };

/** What a child says. */
export type Message = { readonly ready: string } | { readonly failed: string } | Answer;
