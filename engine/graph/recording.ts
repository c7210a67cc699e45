import * as tf from '@tensorflow/tfjs-core';
import { CaptureError, type NativeBackend } from './native.js';
import type { Recorder } from './recorder.js';

/** TensorFlow.js' operations that draw in JavaScript, by the names of their scopes. */
const DRAWING = /^(rand|random\w*|truncatedNormal|dropout|multinomial)__op$/;

/**
 * Runs `work`, which must not draw: what is drawn in JavaScript is a constant to the graph, and would be
 * the same in every run.
 * @throws CaptureError naming what draws
 */
export function withoutDrawing<T>(work: () => T): T {
  const refuse = (what: string): never => {
    throw new CaptureError(
      `${what} draws while the computation is recorded and would stay the same in every run; give what is drawn, or its seed, as an input`,
    );
  };
  const engine = tf.engine();
  const startScope = engine.startScope.bind(engine);
  const { random } = Math;
  engine.startScope = (name) => {
    if (name !== undefined && DRAWING.test(name)) refuse(`tf.${name.replace('__op', '')}`);
    startScope(name);
  };
  Math.random = () => refuse('Math.random');
  try {
    return work();
  } finally {
    Math.random = random;
    Reflect.deleteProperty(engine, 'startScope');
  }
}

/**
 * Runs `work` on a backend that writes down what it does.
 * @throws CaptureError where `work` reads what it computes, draws random numbers, or uses a tensor that
 * waits to be handed over since before: that, and what is drawn, would become constants of the graph
 */
export function whileRecording<T>(backend: NativeBackend, recorder: Recorder, work: () => T): T {
  const { binding } = backend;
  const write = backend.write.bind(backend);
  const readSync = backend.readSync.bind(backend);
  const getInputTensorIds = backend.getInputTensorIds.bind(backend);
  /** Tensors that `work` made of values of its own. */
  const born = new WeakSet();
  const waits = (dataId: object) => (backend.tensorMap.get(dataId).values ?? null) !== null;
  const watching: Pick<NativeBackend, 'write' | 'readSync' | 'getInputTensorIds'> = {
    write(...values) {
      const dataId = write(...values);
      born.add(dataId);
      return dataId;
    },
    readSync(dataId) {
      if (waits(dataId) && born.has(dataId)) return readSync(dataId);
      throw new CaptureError(
        'values are read while the computation is recorded; a graph cannot depend on values that it computes or is given',
      );
    },
    getInputTensorIds(tensors) {
      const stranger = tensors.find(({ dataId }) => waits(dataId) && !born.has(dataId));
      if (stranger === undefined) return getInputTensorIds(tensors);
      throw new CaptureError(
        `a tensor of shape [${stranger.shape.join(', ')}] was made before and is not declared as an input`,
      );
    },
  };
  Object.assign(backend, watching, { binding: recorder.binding });
  try {
    return withoutDrawing(work);
  } finally {
    backend.binding = binding;
    // What is behind them is the class's own again.
    for (const name of Object.keys(watching)) Reflect.deleteProperty(backend, name);
  }
}
