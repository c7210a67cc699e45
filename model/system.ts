import type * as tf from '@tensorflow/tfjs-core';
import type { ClassifierConfig } from './classifier.js';
import type { ModelConfig } from './config.js';
import type { ForwardMode, LabelBatch, ModelBatch } from './forward.js';
import type { Weights, WeightSpec } from './weights/weights.js';

/** What of a clip a system's batches hold. */
export interface SystemInput {
  /** `all` frames, masked by tubes, or `one`, whose patches are masked each on their own. */
  readonly frames: 'all' | 'one';
  /** Whether it hears by log-mel spectra, of which there are none in most caches. */
  readonly mel: boolean;
}

/** A clip as its tokens, and the model's reconstruction of those that were masked. */
export interface ReconstructedTokens {
  /** Frames that the tokens are of, and how many a token spans. */
  readonly frames: number;
  readonly tubelet: number;
  /** Pixels in [0, 1], `[B, N, values]`. */
  readonly original: tf.Tensor;
  /** The model's, of the same shape; of visible tokens it may be anything. */
  readonly reconstruction: tf.Tensor;
  /** 1 where a token was masked, `[B, N, 1]`. */
  readonly hidden: tf.Tensor;
  /** Tokens of a clip that were masked. */
  readonly masked: number;
}

/** What of a clip is represented: its picture alone, picture and sound fused, its sound alone. */
export const REPRESENTED = ['picture', 'fused', 'sound'] as const;
export type Represented = (typeof REPRESENTED)[number];

/** Which representation is wanted. */
export interface RepresentationChoice {
  readonly of: Represented;
  /** Of the picture: what comes out of this block of the encoder, from 1, without a norm; default the last, with it. */
  readonly layer?: number | undefined;
  /** Whether the fusion of the run's classifier is centred in time; of pre-training it is not. */
  readonly centreInTime: boolean;
  /** Names of the weights that there are: a classifier has not all of those of pre-training. */
  readonly names: ReadonlySet<string>;
}

/** A clip as tokens on a grid: slots of time, rows, columns; of sound one row and column. */
export interface TokenGrid {
  /** `[B, slots · rows · columns, width]` */
  readonly tokens: tf.Tensor;
  readonly grid: readonly [slots: number, rows: number, columns: number];
}

/** A field of a configuration that does not go with the others. */
export interface ConfigProblem {
  readonly field: keyof ModelConfig;
  readonly message: string;
}

/** Sizes that a preset has other than VideoMAE's. */
export type PresetSizes = Partial<
  Pick<ModelConfig, 'decoderWidth' | 'decoderDepth' | 'decoderHeads'>
>;

/** A way to learn from clips: all that the rest of avme knows of it. */
export interface System {
  readonly input: SystemInput;
  readonly presets?: Readonly<Partial<Record<string, PresetSizes>>>;
  /** How sound may take part in classification, the usual way first. */
  readonly fusions: readonly [ClassifierConfig['fusion'], ...ClassifierConfig['fusion'][]];
  /** What is wrong with a configuration. */
  problems(config: ModelConfig): ConfigProblem[];
  /** The weights of pre-training. */
  specs(config: ModelConfig): WeightSpec[];
  /** What pre-training minimises, the mean over the batch's clips. */
  loss(batch: ModelBatch, weights: Weights, config: ModelConfig, mode: ForwardMode): tf.Scalar;
  /** What it makes of the picture's masked tokens, in inference. */
  reconstruct(batch: ModelBatch, weights: Weights, config: ModelConfig): ReconstructedTokens;
  /** The weights of a classifier that stands on what pre-training has learned. */
  classifierSpecs(config: ModelConfig, head: ClassifierConfig): WeightSpec[];
  /** @returns logits `[B, classes]` */
  classify(
    batch: LabelBatch,
    weights: Weights,
    config: ModelConfig,
    head: ClassifierConfig,
    mode: ForwardMode,
  ): tf.Tensor;
  /**
   * What it makes of whole clips, without masks, in inference.
   * @param weights under the names of pre-training
   * @throws RangeError saying which representation it does not have
   */
  represent(
    batch: LabelBatch,
    weights: Weights,
    config: ModelConfig,
    choice: RepresentationChoice,
  ): TokenGrid;
}
