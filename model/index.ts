export {
  adamwNumbers,
  adamwStep,
  adamwUpdate,
  isDecayed,
  type AdamWNumbers,
  type AdamWOptions,
  type Moments,
} from './optim/adamw.js';
export { cosineWithWarmup, type Schedule } from './optim/schedule.js';
export { pretrainForward } from './av-maskenhancer.js';
export { CONTRAST_WEIGHT } from './cav-mae.js';
export { classifierConfig, type ClassifierConfig } from './classifier.js';
export { PRESETS, SYSTEM_NAMES, type ModelConfig, type SystemName } from './config.js';
export {
  INFERENCE,
  type AttentionWatcher,
  type AudioBatch,
  type ForwardMode,
  type FusionLayer,
  type LabelBatch,
  type MaskedSpectrum,
  type ModelBatch,
} from './forward.js';
export { modelConfig } from './model-config.js';
export type { ConfigProblem, ReconstructedTokens, System, SystemInput } from './system.js';
export {
  classifierSpecs,
  classify,
  pretrainLoss,
  pretrainSpecs,
  reconstructTokens,
  systemOf,
} from './systems.js';
export { denormalizeTubelets, patchify, tubeletMoments, unpatchify } from './layers/patch.js';
export { reconstructionTargets } from './losses/reconstruction.js';
export { initialWeights } from './weights/init.js';
export { loadWeight, loadWeights, type StoredValues } from './weights/load-weights.js';
export { readWeights, type ReadWeights } from './weights/read-weights.js';
export {
  readSafetensors,
  SafetensorsError,
  writeSafetensors,
  type NamedArray,
  type TensorFile,
} from './weights/safetensors.js';
export { readTorchFile } from './weights/torch-file.js';
export { TorchFileError } from './weights/torch-pickle.js';
export {
  namingOf,
  toHuggingFaceNames,
  toOriginalNames,
  type Naming,
  type RenamedWeights,
} from './weights/weight-names.js';
export { weightsFrom, type Initializer, type Weights, type WeightSpec } from './weights/weights.js';
