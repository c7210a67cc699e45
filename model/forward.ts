import type * as tf from '@tensorflow/tfjs-core';
import type { Seed } from '../engine/ops/dropout.js';
import type { NormMode } from './layers/batch-norm.js';

/** The sound of a batch on the device. */
export interface AudioBatch {
  /** Standardised MFCC, `[B, N_len, cepstra]`. */
  readonly mfcc: tf.Tensor;
  /** 1 where the clip has sound, `[B]`. */
  readonly audioPresent: tf.Tensor;
}

/** Log-mel spectra, and which of their patches are visible. */
export type MaskedSpectrum = {
  /** Standardised, `[B, N_len, bands]`. */
  readonly mel: tf.Tensor;
  /** int32 `[B, visible]`, ascending; patches in the order (band, time). */
  readonly visible: tf.Tensor;
  /** int32 `[B, masked]`, ascending. */
  readonly masked: tf.Tensor;
};

/** A batch to reconstruct, on the device. */
export interface ModelBatch extends AudioBatch {
  /** RGB 0..255, `[B, T, H, W, 3]`. */
  readonly video: tf.Tensor;
  /** int32 `[B, visible]`, ascending. */
  readonly visible: tf.Tensor;
  /** int32 `[B, masked]`, ascending. */
  readonly masked: tf.Tensor;
  /** Of systems that take log-mel spectra. */
  readonly spectrum?: MaskedSpectrum | undefined;
}

/** A batch to classify, on the device. */
export interface LabelBatch extends AudioBatch {
  /** RGB 0..255, `[B, T, H, W, 3]`. */
  readonly video: tf.Tensor;
  /** Standardised log-mel spectra, `[B, N_len, bands]`; of systems that take them. */
  readonly mel?: tf.Tensor | undefined;
}

/** The attention layers of the fusion, by the names of their weights. */
export type FusionLayer = 'cross_a2v' | 'cross_v2a' | 'self_av';

/**
 * Receives a layer's attention weights after softmax, `[B·heads, queries, keys]`, tokens in their
 * given order.
 */
export type AttentionWatcher = (layer: FusionLayer, weights: tf.Tensor) => void;

/** How the forward pass runs; in training with batch statistics and dropout. */
export interface ForwardMode {
  readonly norm: NormMode;
  /** Seeds of the dropout masks, one for each call; asked for in training only. */
  readonly nextSeed: () => Seed;
  /** Receives the fusion's attention weights; tokens are visible first, as in the decoder. */
  readonly watch?: AttentionWatcher;
  /** Receives the terms of a loss that has several, by their names. */
  readonly note?: (terms: Readonly<Record<string, tf.Scalar>>) => void;
}

/** Inference: running statistics, no dropout. */
export const INFERENCE: ForwardMode = { norm: { training: false }, nextSeed: () => '' };
