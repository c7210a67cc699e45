export { capture, type Tensors } from './capture.js';
export { compiler } from './compiled.js';
export { canCapture, CaptureError } from './native.js';
