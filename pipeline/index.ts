// Preprocessing: from videos to a cache.
export { preprocess, type PreprocessRequest } from './preprocess/preprocess.js';
export {
  preprocessOptions,
  type PreprocessInput,
  type PreprocessOptions,
} from './preprocess/options.js';
export type { PreprocessStages } from './preprocess/cores.js';
export type {
  PreprocessEvent,
  PreprocessProgress,
  PreprocessSummary,
  StageReport,
} from './preprocess/tally.js';
export { TooManyFailuresError, type FailureLimit } from './failure.js';
export { estimatePreprocess, type Estimate } from './preprocess/dry-run.js';
export type { EstimateRequest, ProbeResult } from './preprocess/dry-run-probe.js';

// Preprocessing on many machines.
export { makePlan, type PlanRequest } from './plan/make-plan.js';
export type { Plan } from './plan/plan-file.js';
export { work, workOptions, type WorkEvent, type WorkInput, type WorkRequest, type WorkSummary } from './plan/work.js'; // prettier-ignore
export { planStatus, type PlanStatus } from './plan/status.js';

// Caches: joining, checking, exchange with other formats.
export {
  merge,
  mergeOptions,
  type MergeEvent,
  type MergeInput,
  type MergeRequest,
  type MergeSummary,
} from './merge.js';
export {
  verifyCache,
  type VerifyEvent,
  type VerifyRequest,
  type VerifySummary,
} from './verify/verify.js';
export { verifyOptions, type VerifyInput } from './verify/options.js';
export {
  exportNumpy,
  exportWebDataset,
  type ExportProgress,
  type ExportRequest,
  type ExportSummary,
} from './exchange/export.js';
export { exportOptions, type ExportInput, type ExportOptions } from './exchange/export-options.js';
export {
  importWebDataset,
  type ImportProgress,
  type ImportRequest,
  type ImportSummary,
} from './exchange/import.js';
export { importOptions, type ImportInput, type ImportOptions } from './exchange/import-options.js';

// Training.
export { pretrain, type PretrainRequest } from './training/pretrain.js';
export { finetune, type FinetuneRequest, type HeadChoice } from './training/finetune.js';
export { modelChoice, type ModelChoice } from './training/model-choice.js';
export { dataOptions, type CacheChoice, type DataOptions } from './training/data/training-data.js';
export type { TrainingRequest, ValidationChoice } from './training/training.js';
export type { TrainingEvent, TrainingSummary } from './training/training-run.js';
export { readMetrics, readRun, type MetricsLine } from './training/run/run-folder.js';
export type { RunDescription } from './training/run/run-description.js';

// What was learned.
export { evaluate, type EvaluateResult } from './evaluate/evaluate.js';
export {
  evaluateOptions,
  type EvaluateEvent,
  type EvaluateOptions,
  type EvaluateRequest,
} from './evaluate/work.js';
export {
  evaluateRobustness,
  type RobustnessResult,
  type RobustnessRow,
} from './evaluate/robustness.js';
export { predict, type PredictEvent, type PredictRequest, type PredictSummary } from './predict/predict.js'; // prettier-ignore
export type { PredictOptions } from './predict/predict-options.js';
export type { PredictResult, Ranked, VideoFailure, VideoPrediction } from './predict/results.js';
export { embed, type EmbedEvent, type EmbedRequest, type EmbedResult, type EmbedSummary, type Embedding } from './embed/embed.js'; // prettier-ignore
export { embedToFile, type EmbedFileRequest, type EmbedFileResult } from './embed/embed-to-file.js';
export type { EmbedOptions } from './embed/embed-options.js';
export { search, type Match, type SearchRequest } from './search/search.js';
export type { RunChoice } from './predict/open-run.js';
export type { SourceChoice } from './predict/sources.js';
export { reconstruct, type ReconstructRequest, type ReconstructResult } from './reconstruct.js';
export { convert, type Conversion, type ConvertRequest } from './convert.js';

// The installation.
export { diagnose, type Diagnosis } from './doctor.js';
export { avmeVersion } from './version.js';
