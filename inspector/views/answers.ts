/**
 * What the inspector's data API answers, as JSON. Nothing here imports anything: the page in the
 * browser is checked against the same types.
 */

export interface SourceEntry {
  readonly kind: 'cache' | 'run';
  /** Number of the source among those of its kind; what its addresses begin with. */
  readonly id: number;
  readonly name: string;
  readonly folder: string;
}

export interface SourcesAnswer {
  readonly version: string;
  readonly sources: readonly SourceEntry[];
  /** For which cache a run's pictures are made: its id, or why there is none; by run. */
  readonly cacheOfRun: readonly (number | string)[];
}

/** Samples a value is shared by; labels, splits and sizes. */
export type Count = readonly [value: string, samples: number];

/** A histogram: bins between `edges`, or single `values` where there are few. */
export interface Histogram {
  readonly bins: readonly { readonly from: number; readonly to: number; readonly count: number }[];
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

/** What is known only after every header has been read. */
export interface SurveyAnswer {
  readonly durations: Histogram;
  /** Of the source, in frames a second; null where the cache does not tell its stride. */
  readonly frameRates: Histogram | null;
  readonly sizes: readonly Count[];
  readonly sound: number;
  readonly substituted: number;
  readonly held: number;
  readonly warnings: number;
  /** Headers that cannot be read. */
  readonly damaged: number;
}

export interface QuarantineAnswer {
  readonly path: string;
  readonly stage: string;
  readonly cause: string;
  readonly detail: string;
  readonly time: string;
}

export interface OverviewAnswer {
  readonly folder: string;
  readonly samples: number;
  /** False while a run writes the cache, or after one was killed. */
  readonly sealed: boolean;
  /** When this state of the cache was read, ISO 8601. */
  readonly read: string;
  readonly shards: number;
  readonly bytes: number;
  readonly fingerprint: string;
  readonly schema: number;
  readonly configuration: unknown;
  readonly tools: unknown;
  readonly shape: unknown;
  readonly statistics: unknown;
  readonly labels: readonly Count[];
  /** How many labels there are; `labels` holds the most frequent. */
  readonly labelCount: number;
  readonly splits: readonly Count[];
  readonly quarantined: number;
  readonly quarantine: readonly QuarantineAnswer[];
  readonly audioPresent: number;
  /** Share of the headers that were read so far; `survey` is there at 1. */
  readonly surveyed: number;
  readonly survey: SurveyAnswer | null;
}

/** One sample in a list. */
export interface ListedSample {
  readonly index: number;
  readonly key: string;
  readonly id: string;
  readonly clip: number;
  readonly label: string | null;
  readonly split: string | null;
  /** Flags as bits, see `FLAGS`; null until the headers were read. */
  readonly flags: number | null;
}

export interface ListAnswer {
  /** Samples that pass the filter. */
  readonly total: number;
  /** Samples in the cache. */
  readonly of: number;
  readonly from: number;
  readonly items: readonly ListedSample[];
}

export interface MaskAnswer {
  readonly ratio: number;
  /** Null for the mask in the cache. */
  readonly seed: number | null;
  /** A character a position, "1" = masked, row by row. */
  readonly bits: string;
}

export interface MfccAnswer {
  readonly frames: number;
  readonly cepstra: number;
  /** `[frames, cepstra]`, rounded to three digits. */
  readonly values: readonly number[];
}

export interface Neighbour {
  readonly index: number;
  readonly key: string;
}

export interface SampleAnswer {
  readonly index: number;
  readonly key: string;
  readonly path: string;
  readonly id: string;
  readonly label: string | null;
  readonly split: string | null;
  readonly start: number | null;
  readonly end: number | null;
  readonly clip: number;
  readonly contentHash: string;
  readonly fingerprint: string;
  readonly height: number;
  readonly width: number;
  /** Side of the square in the middle of the frames that the model sees, and the mask belongs to. */
  readonly square: number;
  readonly times: readonly number[];
  readonly span: readonly [number, number];
  readonly audioPresent: boolean;
  readonly substituted: number;
  readonly held: number;
  readonly warnings: readonly string[];
  readonly mask: MaskAnswer;
  readonly mfcc: MfccAnswer;
  /** Place in the filtered list, from 0; null when the filter does not let it pass. */
  readonly position: number | null;
  readonly total: number;
  readonly previous: Neighbour | null;
  readonly next: Neighbour | null;
}

export interface RunAnswer {
  readonly folder: string;
  readonly description: Readonly<Record<string, unknown>>;
  /** Steps of the checkpoints, oldest first. */
  readonly checkpoints: readonly number[];
  readonly steps: number | null;
  readonly variant: string;
  /** Folders of the caches that it learned from. */
  readonly caches: readonly string[];
  readonly confusion: ConfusionAnswer | null;
}

export interface MetricsAnswer {
  /** To be given back, for what was logged since. */
  readonly cursor: string;
  /** What was given before no longer holds: the run went back to a checkpoint. */
  readonly reset: boolean;
  /** Lines that are one: each is the mean of so many. */
  readonly every: number;
  readonly lines: readonly Readonly<Record<string, number>>[];
}

export interface ConfusionAnswer {
  readonly labels: readonly string[];
  /** `counts[truth][predicted]`. */
  readonly counts: readonly (readonly number[])[];
}

export interface ReconstructionAnswer {
  readonly run: number;
  readonly step: number;
  readonly index: number;
  readonly id: string;
  readonly label: string | null;
  /** Mean squared error of the masked pixels, pixels in [0, 1]. */
  readonly mse: number;
  readonly maskRatio: number;
  readonly frames: number;
  readonly size: number;
  readonly times: readonly number[];
}

export interface AttentionAnswer {
  readonly step: number;
  readonly index: number;
  /** Side of the model's square, as a share of the stored frames' shorter side. */
  readonly square: number;
  readonly slots: number;
  /** Positions of a slot: a square grid. */
  readonly positions: number;
  /** Frames a slot spans. */
  readonly tubelet: number;
  readonly audioPresent: boolean;
  /** "1" = masked, a character a position. */
  readonly mask: string;
  /**
   * `[slots, slots, positions]`: how much the sound of a slot attends to each place of each slot, the
   * mean over the heads, 1 = as much as to any other place.
   */
  readonly shares: readonly number[];
  readonly times: readonly number[];
}

export interface RankedSample {
  readonly index: number;
  readonly key: string;
  readonly id: string;
  readonly clip: number;
  readonly label: string | null;
  readonly mse: number;
}

export interface RankingAnswer {
  readonly step: number;
  readonly total: number;
  readonly done: number;
  /** Worst first. */
  readonly samples: readonly RankedSample[];
}
