export {
  BACKENDS,
  listBackends,
  useBackend,
  type BackendName,
  type BackendReport,
} from './backend.js';
export { tensorflowDevice } from './backends/tensorflow/tensorflow.js';
export { hasTensorflow, tensorflowHome } from './backends/tensorflow/home.js';
export type { ProductType } from './graph/bfloat16.js';
export { capture, type Tensors } from './graph/capture.js';
export { compiler } from './graph/compiled.js';
export { canCapture, CaptureError } from './graph/native.js';
export { fasterProducts, productRates } from './graph/product-rates.js';
export { attention, type AttentionOptions } from './ops/attention.js';
export { drawsOnDevice, dropout, type Seed } from './ops/dropout.js';
export { gatherTokens, placeTokens } from './ops/gather.js';
export { gelu, layerNorm, linear } from './ops/layers.js';
export { setup, type SetupRequest, type SetupResult } from './setup/setup.js';
export { openXla, type XlaDevice } from './backends/xla/xla.js';
export { XlaError } from './xla/pjrt/error.js';
export type { Program } from './xla/program.js';
export { trace } from './xla/trace.js';
