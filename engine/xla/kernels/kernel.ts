import type { ProgramBuilder, Value } from '../program.js';
import type { Precision } from '../precision.js';

/** A call of one of TensorFlow.js' kernels with tensors as values of the program. */
export interface KernelCall {
  readonly builder: ProgramBuilder;
  readonly precision: Precision;
  /** In the order that the kernel is given them in. */
  readonly inputs: readonly Value[];
  /** @throws Error naming an input that is missing */
  readonly input: (name: string) => Value;
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** Writes down what a kernel computes. */
export type Kernel = (call: KernelCall) => Value | readonly Value[];

export type Kernels = Readonly<Record<string, Kernel>>;
