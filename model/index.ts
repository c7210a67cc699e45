export {
  adamwNumbers,
  adamwStep,
  adamwUpdate,
  isDecayed,
  type AdamWNumbers,
  type AdamWOptions,
  type Moments,
} from './adamw.js';
export {
  INFERENCE,
  pretrainForward,
  type ForwardMode,
  type ModelBatch,
} from './av-maskenhancer.js';
export {
  BACKENDS,
  listBackends,
  useBackend,
  type BackendName,
  type BackendReport,
} from './backend.js';
export {
  classifierConfig,
  pretrainedName,
  smoothLabels,
  softCrossEntropy,
  type ClassifierConfig,
  type LabelBatch,
} from './classifier.js';
export { CONTRAST_WEIGHT } from './cav-mae.js';
export { modelConfig, PRESETS, type ModelConfig } from './config.js';
export { drawsOnDevice, dropout, type Seed } from './dropout.js';
export { canCapture, CaptureError, compiler, fasterProducts, productRates, type ProductType, type Tensors } from './graph/index.js'; // prettier-ignore
export { positionsOf, slotsOf } from './geometry.js';
export type { AttentionWatcher, FusionLayer } from './fusion.js';
export { initialWeights } from './init.js';
export { loadWeight, loadWeights, type StoredValues } from './load-weights.js';
export { placeTokens } from './gather.js';
export { reconstructionTargets } from './loss.js';
export { denormalizeTubelets, patchify, tubeletMoments, unpatchify } from './patch.js';
export { readWeights, type ReadWeights } from './read-weights.js';
export {
  readSafetensors,
  SafetensorsError,
  writeSafetensors,
  type NamedArray,
  type TensorFile,
} from './safetensors.js';
export { cosineWithWarmup, type Schedule } from './schedule.js';
export type { ReconstructedTokens, System } from './system.js';
export {
  classifierSpecs,
  classify,
  pretrainLoss,
  pretrainSpecs,
  reconstructTokens,
  SYSTEM_NAMES,
  systemOf,
  type SystemName,
} from './systems.js';
export { weightsFrom, type Weights, type WeightSpec } from './weights.js';
export { readTorchFile } from './torch-file.js';
export { TorchFileError } from './torch-pickle.js';
export {
  namingOf,
  toHuggingFaceNames,
  toOriginalNames,
  type Naming,
  type RenamedWeights,
} from './weight-names.js';
export { tensorflowDevice } from './backends/tensorflow.js';
export { hasTensorflow, TENSORFLOW_PACKAGE, tensorflowHome } from './backends/tensorflow-home.js';
