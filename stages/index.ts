export { augmentOptions, type AugmentOptions } from './augment.js';
export { assembleBatch, type BatchOptions, type ClipBatch, type DrawnSample } from './batch.js';
export {
  melStatistics,
  SOUNDS,
  WHOLE_CLIP,
  type ClipParts,
  type SoundChoice,
} from './clip-parts.js';
export { createClassifier, type Classifier } from './evaluate/classify.js';
export { degrade, degradeOptions, muted, type DegradeOptions } from './evaluate/degrade.js';
export { heardWith, otherClips, otherClipsOf } from './loader/other-sound.js';
export {
  accuracyOf,
  ranking,
  ViewMean,
  type Accuracy,
  type Prediction,
} from './evaluate/scores.js';
export { drawConfusion } from './pictures/confusion-sheet.js';
export { makeDemoMedia } from './demo-media.js';
export { StageError } from './failure.js';
export { FFMPEG_PATH, ffmpegVersion } from './video/ffmpeg.js';
export { drawFor } from './loader/clip-writer.js';
export type { LentBatch, LentSample } from './loader/lent-batch.js';
export { Loader, type LoaderReport } from './loader/loader.js';
export type { DrawOptions } from './loader/messages.js';
export type { LoaderOptions, LoaderSource } from './loader/options.js';
export type { BadRecord } from './loader/plan.js';
export { finetuneOptions, type FinetuneOptions } from './finetune/finetune-options.js';
export { classificationObjective, type LabelledBatch } from './finetune/objective.js';
export { drawTubeMask, maskedPositions, maskOptions, maskRatioOption, tokenOrder } from './mask.js';
export { logMel } from './log-mel.js';
export { mfcc, SAMPLE_RATE } from './mfcc.js';
export { drawBars } from './pictures/bar-chart.js';
export { encodePng } from './pictures/canvas.js';
export { drawContactSheet } from './pictures/contact-sheet.js';
export { drawGallery, type GalleryEntry } from './pictures/gallery-sheet.js';
export { drawCurves, type Curve } from './pictures/loss-curve.js';
export {
  drawReconstructions,
  filmsOf,
  type Reconstruction,
} from './pictures/reconstruction-sheet.js';
export { createReconstructor, type Reconstructor } from './reconstruct.js';
export { pooledStatistics, type SoundStatistics } from './sound-statistics.js';
export { soundAttention } from './sound-attention.js';
export { reconstructionObjective, type LoadedBatch, type Objective } from './training/objective.js';
export { AVERAGED, type NamedValues } from './training/optimizer.js';
export type { Measurement } from './training/measure.js';
export { choosePrecision, type CaptureChoice, type PrecisionChoice } from './training/runner.js';
export { createTrainer, type StepResult, type Trainer } from './training/train.js';
export {
  planTraining,
  stepOptions,
  trainingOptions,
  wholeNumber,
  type TrainingOptions,
  type TrainingPlan,
} from './training/training-options.js';
export { SOURCE_KINDS, type SourceKind, type VideoSource } from './source/video-source.js';
