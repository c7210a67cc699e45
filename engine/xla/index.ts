export type { Precision } from './precision.js';
export type { Argument, Program } from './program.js';
export { trace, type TraceRequest } from './trace.js';
export type { ElementType, TensorType } from './types.js';
