export type { ProductType } from './bfloat16.js';
export { capture, type Tensors } from './capture.js';
export { compiler } from './compiled.js';
export { canCapture, CaptureError } from './native.js';
export { fasterProducts, productRates } from './product-rates.js';
