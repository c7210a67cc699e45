import * as tf from '@tensorflow/tfjs-core';
import type { WeightSpec } from './weights.js';

/** Values by their names, as a checkpoint or an initialiser has them. */
export type StoredValues = ReadonlyMap<string, { readonly data: Float32Array }>;

/**
 * One weight as a tensor.
 * @throws Error when the values lack it, or have another number of them than the shape
 */
export function loadWeight(
  values: StoredValues,
  name: string,
  shape: readonly number[],
): tf.Tensor {
  const found = values.get(name);
  const size = tf.util.sizeFromShape([...shape]);
  if (found?.data.length !== size)
    throw new Error(
      `the checkpoint does not fit the model: ${name} has ${found?.data.length ?? 'no'} values, expected ${size} (${shape.join('×')})`,
    );
  return tf.tensor(found.data, [...shape]);
}

/** All weights of a model; the tensors are the caller's to dispose of. @throws Error as {@link loadWeight} */
export function loadWeights(
  values: StoredValues,
  specs: readonly WeightSpec[],
): Map<string, tf.Tensor> {
  const loaded = new Map<string, tf.Tensor>();
  try {
    for (const { name, shape } of specs) loaded.set(name, loadWeight(values, name, shape));
    return loaded;
  } catch (error) {
    tf.dispose([...loaded.values()]);
    throw error;
  }
}
