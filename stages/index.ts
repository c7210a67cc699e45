export { augmentOptions, type AugmentOptions } from './augment/augment.js';
export {
  assembleBatch,
  type BatchOptions,
  type ClipBatch,
  type DrawnSample,
} from './batch/batch.js';
export {
  melStatistics,
  SOUNDS,
  WHOLE_CLIP,
  type ClipParts,
  type SoundChoice,
} from './batch/clip-parts.js';
export { createClassifier, type Classifier } from './evaluate/classify.js';
export { degrade, degradeOptions, muted, type DegradeOptions } from './evaluate/degrade.js';
export { heardWith, otherClips, otherClipsOf } from './load/other-audio.js';
export {
  accuracyOf,
  ranking,
  ViewMean,
  type Accuracy,
  type Prediction,
} from './evaluate/scores.js';
export { StageError } from './stage-error.js';
export { FFMPEG_PATH, ffmpegVersion } from './ffmpeg/ffmpeg.js';
export { drawFor } from './load/workers/clip-writer.js';
export type { LentBatch, LentSample } from './load/loaded-batch.js';
export { Loader, type LoaderReport } from './load/loader.js';
export type { DrawOptions } from './load/workers/messages.js';
export type { LoaderOptions, LoaderSource } from './load/options.js';
export type { BadRecord } from './load/plan.js';
export { finetuneOptions, type FinetuneOptions } from './finetune/finetune-options.js';
export { classificationObjective, type LabelledBatch } from './finetune/objective.js';
export {
  drawTubeMask,
  maskedPositions,
  maskOptions,
  maskRatioOption,
  tokenOrder,
} from './tube-mask.js';
export { logMel } from './log-mel.js';
export { mfcc, SAMPLE_RATE } from './mfcc.js';
export { createReconstructor, type Reconstructor } from './evaluate/reconstruct.js';
export { pooledStatistics, type SoundStatistics } from './batch/audio-statistics.js';
export { soundAttention } from './evaluate/audio-attention.js';
export { reconstructionObjective, type LoadedBatch, type Objective } from './train/objective.js';
export { AVERAGED, type NamedValues } from './train/optimizer.js';
export type { Measurement } from './train/measure.js';
export { choosePrecision, type CaptureChoice, type PrecisionChoice } from './train/runner.js';
export { createTrainer, type StepResult, type Trainer } from './train/train.js';
export {
  planTraining,
  stepOptions,
  trainingOptions,
  wholeNumber,
  type TrainingOptions,
  type TrainingPlan,
} from './train/training-options.js';
export { SOURCE_KINDS, type SourceKind, type VideoSource } from './source/video-source.js';
