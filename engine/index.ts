export {
  BACKENDS,
  listBackends,
  useBackend,
  type BackendName,
  type BackendReport,
} from './backend.js';
export { tensorflowDevice } from './backends/tensorflow/tensorflow.js';
export { hasTensorflow, tensorflowHome } from './backends/tensorflow/home.js';
export {
  canCapture,
  capture,
  CaptureError,
  compiler,
  fasterProducts,
  productRates,
  type ProductType,
  type Tensors,
} from './graph/index.js';
export { attention, type AttentionOptions } from './ops/attention.js';
export { drawsOnDevice, dropout, type Seed } from './ops/dropout.js';
export { gatherTokens, placeTokens } from './ops/gather.js';
export { gelu, layerNorm, linear } from './ops/layers.js';
export { setup, type SetupRequest, type SetupResult } from './setup/setup.js';
