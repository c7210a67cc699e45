/** What the model's process is asked. */
export interface ModelQuestion {
  readonly run: string;
  /** Step of the checkpoint. */
  readonly step: number;
  readonly cache: string;
  readonly index: number;
  /** Default the run's. */
  readonly maskRatio: number | undefined;
  readonly seed: number;
  readonly mute: boolean;
  readonly backend: string;
  /** `error`: how well it reconstructs; `films`: with the pictures; `attention`: from sound to picture. */
  readonly want: 'error' | 'films' | 'attention';
}

/** What it answers; films are uint8 `[frames, size, size, 3]`. */
export interface ModelAnswer {
  readonly maskRatio: number;
  readonly frames: number;
  readonly size: number;
  readonly tubelet: number;
  readonly mse: number;
  readonly films: { readonly original: Uint8Array; readonly seen: Uint8Array; readonly made: Uint8Array } | null; // prettier-ignore
  /** float32 `[slots, slots · positions]`. */
  readonly shares: Float32Array | null;
  /** uint8 `[positions]`, 1 = masked. */
  readonly mask: Uint8Array;
}

export interface ModelCall {
  readonly call: number;
  readonly question: ModelQuestion;
}

export type ModelReply =
  | { readonly call: number; readonly answer: ModelAnswer }
  | { readonly call: number; readonly problem: string };
