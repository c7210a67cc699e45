import * as tf from '@tensorflow/tfjs-core';
import { CaptureError } from '../graph/native.js';
import type { ConstantValues } from './constants.js';
import { ELEMENTWISE, elementOf } from './kernels/elementwise.js';
import type { Kernel, KernelCall, Kernels } from './kernels/kernel.js';
import { PRODUCTS } from './kernels/products.js';
import { RANDOM } from './kernels/random.js';
import { REDUCTIONS } from './kernels/reductions.js';
import { ROWS } from './kernels/rows.js';
import { SHAPES } from './kernels/shapes.js';
import type { Precision } from './precision.js';
import { ProgramBuilder, type Value } from './program.js';
import { tensorType, type ElementType } from './types.js';

/** The name that TensorFlow.js knows the tracer by. */
export const TRACER = 'xla';

const KERNELS: Kernels = {
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...SHAPES,
  ...PRODUCTS,
  ...ROWS,
  ...RANDOM,
};

const DTYPE: Readonly<Partial<Record<ElementType, 'float32' | 'int32' | 'bool'>>> = {
  f32: 'float32',
  i32: 'int32',
  i1: 'bool',
};

/** What TensorFlow.js adds where it divides by what may be 0, on backends of float32. */
const EPSILON = 1e-7;

/**
 * A backend of TensorFlow.js that computes nothing: its tensors are values of a program, and its kernels write
 * down what is to be computed. The engine above it, with its gradients, does not know.
 */
export class Tracer extends tf.KernelBackend {
  readonly builder = new ProgramBuilder();
  readonly #values = new WeakMap<object, Value>();
  /** Values of constants: code may look at what it made itself. */
  readonly #known = new WeakMap<object, tf.backend_util.BackendValues>();
  #live = 0;

  constructor(readonly precision: Precision) {
    super();
  }

  /** Has an outer tensor stand for a value. */
  declare({ dataId }: tf.TensorInfo, value: Value): void {
    this.#values.set(dataId, value);
  }

  /** @throws CaptureError for a tensor that was made outside and is not declared */
  lookUp({ dataId, shape }: tf.TensorInfo): Value {
    const value = this.#values.get(dataId);
    if (value !== undefined) return value;
    throw new CaptureError(
      `a tensor of shape [${shape.join(', ')}] was made before and is not declared as an input`,
    );
  }

  /** A tensor that stands for a value. */
  infoOf(value: Value): tf.TensorInfo {
    const dataId = {};
    this.#values.set(dataId, value);
    this.#live++;
    const { element, shape } = value.type;
    return { dataId, shape: [...shape], dtype: DTYPE[element] ?? 'float32' };
  }

  /** A tensor that stands for a value, while this is the backend in use. */
  tensorOf(value: Value): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.infoOf(value), this);
  }

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType) {
    const type = tensorType(elementOf(dtype), shape);
    const { dataId } = this.infoOf(this.builder.constant(values as ConstantValues, type));
    this.#known.set(dataId, values);
    return dataId;
  }

  override readSync(dataId: object): tf.backend_util.BackendValues {
    const known = this.#known.get(dataId);
    if (known !== undefined) return known;
    throw new CaptureError(
      'values are read while the computation is recorded; a program cannot depend on values that it computes or is given',
    );
  }

  override disposeData(): boolean {
    this.#live--;
    return true;
  }

  override incRef(): void {
    // Tensors of this backend are never shared: each has a number of its own.
  }

  override numDataIds(): number {
    return this.#live;
  }

  override memory() {
    return { unreliable: true };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return EPSILON;
  }

  override dispose(): void {
    // Holds nothing outside the language's own memory.
  }
}

function callOf(tracer: Tracer, kernelName: string, inputs: tf.NamedTensorInfoMap, attrs: unknown): KernelCall {
  return {
    builder: tracer.builder,
    precision: tracer.precision,
    inputs: Object.values(inputs).flatMap((info) => (info === undefined ? [] : [tracer.lookUp(info)])),
    input(name) {
      const info = inputs[name];
      if (info === undefined) throw new CaptureError(`${kernelName} has no input ${name}`);
      return tracer.lookUp(info);
    },
    attrs: (attrs ?? {}) as Readonly<Record<string, unknown>>,
  };
} // prettier-ignore

function written(kernel: Kernel, call: KernelCall, name: string): ReturnType<Kernel> {
  try {
    return kernel(call);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CaptureError(`${name} has no place in a program for XLA: ${cause.message}`, {
      cause,
    });
  }
}

/** Has TensorFlow.js know the tracer's kernels; calling it again does nothing. */
export function registerTracerKernels(): void {
  if (tf.getKernelsForBackend(TRACER).length > 0) return;
  for (const [kernelName, kernel] of Object.entries(KERNELS))
    tf.registerKernel({
      kernelName,
      backendName: TRACER,
      kernelFunc: ({ inputs, attrs, backend }) => {
        // The engine calls the kernels of a backend with no other one.
        const tracer = backend as unknown as Tracer;
        const made = written(kernel, callOf(tracer, kernelName, inputs, attrs), kernelName);
        return Array.isArray(made)
          ? made.map((value: Value) => tracer.infoOf(value))
          : tracer.infoOf(made as Value);
      },
    });
}
