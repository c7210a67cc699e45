// The stages of preprocessing, in the order in which a video passes them. Each is a Node stream in
// object mode; see docs/explanation/design.md for how to add one.
export { videos, type VideosOptions } from './videos.js';
export { index, type IndexOptions } from './index-videos.js';
export { sample, type SampleStageOptions } from './sample.js';
export { decode, type DecodeOptions } from './decode.js';
export { tubeMask, type TubeMaskOptions } from './tube-mask.js';
export { mfcc, type MfccOptions } from './mfcc.js';
export { logMel, type LogMelOptions } from './log-mel.js';
export { shardCache, type ShardCacheOptions, type ShardCacheStream } from './shard-cache.js';

// What they are made of: records, the wrapper that makes a stage, and failures.
export type {
  ClipKey,
  Configuration,
  DecodedRecord,
  DescribedClip,
  IndexedVideo,
  MaskedClip,
  SampledClip,
  VideoRecord,
} from './clip.js';
export { StageError } from './stage-error.js';
export {
  runPipeline,
  stage,
  type StageCounters,
  type StageOptions,
  type StageStream,
} from './stream.js';
export type { WithStage } from './stage-options.js';

// The functions at their cores, for use without streams.
export { logMelFeatures } from './audio/log-mel-features.js';
export { talknetMfcc } from './audio/talknet-mfcc.js';
export { CEPSTRA, mfccFeatures } from './audio/mfcc-features.js';
export { SAMPLE_RATE } from './audio/sample-rate.js';
export { decodeClip } from './decode/decode-clip.js';
export type { DecodedClip } from './decode/decoded-clip.js';
export type { FrameFit } from './decode/frame-filter.js';
export { drawTubeMask, maskedPositions, tokenOrder, type TokenOrder } from './mask/tube-mask.js';
export { indexVideo } from './probe/index-video.js';
export type { RunContext, VideoIndex } from './probe/video-index.js';
export { sampleClips, type ClipPlan, type Sampling, type TimeLine } from './sample/sample-clips.js';
export { openSource } from './source/open-source.js';
export { SOURCE_KINDS, type SourceKind, type VideoSource } from './source/video-source.js';

// Training: batches from a cache, and what learns from them.
export { batches, type BatchesOptions } from './batches.js';
export { train, type TrainedStep, type TrainOptions } from './train.js';
export type { ClipBatch } from './batch/batch.js';
export { augmentOptions, type AugmentOptions } from './augment/augment.js';
export { Loader, type LoaderReport } from './load/loader.js';
export type { LoaderOptions, LoaderSource, SampleOrder } from './load/options.js';
export { finetuneOptions, type FinetuneOptions } from './finetune/finetune-options.js';
export { classificationObjective, type LabelledBatch } from './finetune/objective.js';
export { reconstructionObjective, type LoadedBatch, type Objective } from './train/objective.js';
export { createTrainer, type StepResult, type Trainer } from './train/train.js';
export { planTraining, trainingOptions, type TrainingOptions } from './train/training-options.js';
export { createClassifier, type Classifier } from './evaluate/classify.js';
export { createReconstructor, type Reconstructor } from './evaluate/reconstruct.js';
