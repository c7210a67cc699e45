import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../graph/capture.js';
import { CaptureError } from '../graph/native.js';
import { withoutDrawing } from '../graph/recording.js';
import { convert } from './emit.js';
import { elementOf } from './kernels/elementwise.js';
import type { Precision } from './precision.js';
import type { Program, Result } from './program.js';
import { registerTracerKernels, Tracer, TRACER } from './tracer.js';
import { tensorType, type ElementType } from './types.js';

export interface TraceRequest {
  /**
   * All that changes from run to run, by names: tensors of any backend, of which only shape and type count.
   * What `work` uses besides them must be made inside it, and becomes a constant.
   */
  readonly inputs: Tensors;
  /**
   * Shapes of float32 tensors that a run takes and gives back, by names: `work` is given them. The result of
   * such a name takes over the argument's memory: its buffer is donated.
   */
  readonly state?: ReadonlyMap<string, readonly number[]> | undefined;
  /** From `inputs` and `state` to results; it must not read values nor depend on them. */
  readonly work: (state: Tensors) => Tensors;
  /** How matrices are multiplied; default float32. */
  readonly precision?: Precision | undefined;
  /** Element types that arguments arrive in where it is not the tensor's: pixels as `ui8`. */
  readonly arrives?: Readonly<Record<string, ElementType>> | undefined;
}

/** Runs `work` on the tracer. TensorFlow.js changes backends at once where they need not wait to start. */
function onTracer<T>(tracer: Tracer, work: () => T): T {
  const before = tf.getBackend();
  registerTracerKernels();
  tf.registerBackend(TRACER, () => tracer);
  try {
    void tf.setBackend(TRACER);
    return withoutDrawing(work);
  } catch (cause) {
    const [, kernel] = /Kernel '(.*)' not registered/.exec((cause as Error).message) ?? [];
    if (kernel === undefined) throw cause;
    throw new CaptureError(`${kernel} has no place in a program for XLA yet`, { cause });
  } finally {
    void tf.setBackend(before);
    tf.removeBackend(TRACER);
  }
}

/**
 * Goes through a computation once, without computing, and writes it down as a program for XLA. Works on any
 * backend; gradients are TensorFlow.js' own.
 * @throws CaptureError naming what has no place in a program
 */
export function trace(request: TraceRequest): Program {
  const { inputs, work, precision = 'float32', arrives = {} } = request;
  const state = request.state ?? new Map<string, readonly number[]>();
  const tracer = new Tracer(precision);
  const { builder } = tracer;
  const held = [...state].map(([name, shape]) => [name, builder.argument(name, tensorType('f32', shape))] as const); // prettier-ignore
  for (const [name, tensor] of Object.entries(inputs)) {
    const element = elementOf(tensor.dtype);
    const argument = builder.argument(name, tensorType(arrives[name] ?? element, tensor.shape));
    tracer.declare(tensor, convert(builder, argument, element));
  }
  const given = new Set(Object.values(inputs));
  let results: Result[] = [];
  const write = () => {
    const made = work(
      Object.fromEntries(held.map(([name, value]) => [name, tracer.tensorOf(value)])),
    );
    results = Object.entries(made).map(([name, tensor]) => ({
      name,
      value: tracer.lookUp(tensor),
      replaces: state.has(name) ? name : undefined,
    }));
    // Also those that are kept, but for an input that is a result too, which stays the caller's.
    tf.dispose(Object.values(made).filter((tensor) => !given.has(tensor)));
  };
  onTracer(tracer, () => {
    tf.tidy(write);
  });
  return builder.finish(results);
}
