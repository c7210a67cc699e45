export { capture, type Captured, type Tensors } from './capture.js';
export { compiler, type Compiled } from './compiled.js';
export { canCapture, CaptureError } from './native.js';
