import * as tf from '@tensorflow/tfjs-core';
import { withBfloat16Products, type ProductType } from './bfloat16.js';
import { DATA_TYPE } from './graph-def.js';
import { CaptureError, nativeBackend, type NativeBackend } from './native.js';
import { Recorder } from './recorder.js';
import { whileRecording } from './recording.js';
import { openSession } from './session.js';
import { withXla } from './xla.js';

/** Tensors by names. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** How a graph computes. */
export interface GraphOptions {
  /** What matrices are multiplied in; default float32. */
  readonly products?: ProductType;
  /** Whether XLA makes one program of it, which takes seconds to minutes once; default false. */
  readonly xla?: boolean;
}

/** A computation as a graph. */
export interface Captured {
  /** Operations of the graph. */
  readonly nodes: number;
  /**
   * @param inputs as those that it was captured with, in names, shapes and types
   * @returns the results, tensors of the scope that this is called in
   */
  run(inputs: Tensors): Tensors;
  dispose(): void;
}

function typeOf({ dtype }: tf.TensorInfo): number {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return DATA_TYPE[dtype];
  throw new CaptureError(`tensors of type ${dtype} cannot be captured`);
}

const signatureOf = ({ dtype, shape }: tf.TensorInfo) => `${dtype} [${shape.join(', ')}]`;

/** Writes a computation down. @returns the names of its results, and where to fetch them */
function record(backend: NativeBackend, recorder: Recorder, inputs: Tensors, work: () => Tensors) {
  const callers = new Set(Object.values(inputs));
  const fetch = () => {
    const made = work();
    const ids = backend.getInputTensorIds(Object.values(made));
    const fetches = ids.map((id) => recorder.result(id));
    // Also those that are kept, but for an input that is a result too, which stays the caller's.
    tf.dispose(Object.values(made).filter((tensor) => !callers.has(tensor)));
    return { names: Object.keys(made), fetches };
  };
  try {
    return whileRecording(backend, recorder, () => {
      const written = tf.tidy(fetch);
      recorder.assertNoneKept();
      return written;
    });
  } finally {
    recorder.end();
  }
}

/**
 * Goes through a computation once, operation by operation, for the forms of what it makes, and makes a
 * graph of these operations.
 * @param inputs all that changes from run to run, as float32, int32 or bool; whatever else is used
 * must be made inside `work`, and becomes a constant
 * @param work from `inputs` to results; it must not read values nor depend on them
 * @throws CaptureError naming what cannot be captured, or compiled
 */
export function capture(
  inputs: Tensors,
  work: () => Tensors,
  { products = 'float32', xla = false }: GraphOptions = {},
): Captured {
  const backend = nativeBackend();
  const recorder = new Recorder(backend.binding);
  const signatures = Object.entries(inputs).map(
    ([name, tensor]) => [name, signatureOf(tensor)] as const,
  );
  const given = (tensors: Tensors) => {
    const ordered = signatures.map(([name, signature]) => {
      const tensor = tensors[name];
      if (tensor === undefined) throw new CaptureError(`the input ${name} is missing`);
      // TensorFlow itself takes any shape, and computes something else.
      if (signatureOf(tensor) !== signature)
        throw new CaptureError(
          `the input ${name} is ${signatureOf(tensor)} and was captured as ${signature}`,
        );
      return tensor;
    });
    return backend.getInputTensorIds(ordered);
  };
  const ids = given(inputs);
  const feeds = Object.values(inputs).map((tensor, i) =>
    recorder.placeholder(ids[i] ?? -1, typeOf(tensor), tensor.shape),
  );
  const { names, fetches } = record(backend, recorder, inputs, work);
  const recorded = recorder.nodes(fetches);
  const typed = products === 'bfloat16' ? withBfloat16Products(recorded) : recorded;
  const nodes = xla ? withXla(typed, fetches) : typed;
  const session = openSession(backend.binding, nodes);
  const [inputList, outputList] = [feeds.join(), fetches.join()];
  const run = (fed: Tensors): Tensors => {
    const held = session.run(given(fed), inputList, outputList);
    const tensors = held.map((one) => backend.createOutputTensor(one));
    return Object.fromEntries(tensors.map((tensor, i) => [names[i] ?? '', tensor]));
  };
  // XLA compiles in the first run: what it cannot do is told here, while there is another way.
  if (nodes !== typed)
    try {
      tf.tidy(() => void run(inputs));
    } catch (cause) {
      session.dispose();
      throw new CaptureError(`XLA does not compile it: ${(cause as Error).message.split('\n')[0]}`, { cause }); // prettier-ignore
    }
  return {
    nodes: nodes.length,
    run,
    dispose() {
      session.dispose();
    },
  };
}
