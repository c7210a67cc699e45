import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { readSafetensors, type NamedArray } from '../../model/weights/safetensors.js';

/** A golden file made with the original authors' code. */
export interface Golden {
  readonly metadata: Readonly<Record<string, string>>;
  /** The array of this name. */
  array(name: string): NamedArray;
  tensor(name: string): tf.Tensor;
  /** Names below `prefix.`, without it. */
  names(prefix: string): string[];
  /** Tensors below `prefix.`, by their names without it. */
  weights(prefix: string): Map<string, tf.Tensor>;
}

export async function readGolden(name: string): Promise<Golden> {
  // Golden files stay with the sources; tests run from dist/test/support.
  const url = new URL(`../../../test/golden/${name}.safetensors`, import.meta.url);
  const { tensors, metadata } = await readSafetensors(fileURLToPath(url));
  const array = (key: string) => {
    const found = tensors.get(key);
    assert.ok(found, `golden ${name} has no ${key}`);
    return found;
  };
  const tensor = (key: string) => tf.tensor(array(key).data, [...array(key).shape]);
  const names = (prefix: string) =>
    [...tensors.keys()]
      .filter((key) => key.startsWith(`${prefix}.`))
      .map((key) => key.slice(prefix.length + 1));
  return {
    metadata,
    array,
    tensor,
    names,
    weights: (prefix) => new Map(names(prefix).map((key) => [key, tensor(`${prefix}.${key}`)])),
  };
}

/** The golden video is normalised already and [B, 3, T, H, W]; the model takes pixels, channels last. */
export function goldenPixels(golden: Golden): tf.Tensor {
  const video = tf.transpose(golden.tensor('input.video'), [0, 2, 3, 4, 1]);
  const mean = tf.tensor1d([0.485, 0.456, 0.406]);
  const deviation = tf.tensor1d([0.229, 0.224, 0.225]);
  return tf.mul(tf.add(tf.mul(video, deviation), mean), 255);
}

/** Largest difference relative to the largest expected value: what "1e-4 relative" is measured in. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  let scale = 0;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]!));
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
    assert.ok(Number.isFinite(actual[i]!), `value ${i} is ${actual[i]}`);
  }
  return worst / Math.max(scale, 1e-12);
}

export async function assertClose(
  actual: tf.Tensor,
  expected: NamedArray,
  tolerance: number,
  what: string,
): Promise<void> {
  assert.deepEqual(actual.shape, expected.shape, `shape of ${what}`);
  const error = relativeError(await actual.data(), expected.data);
  assert.ok(
    error <= tolerance,
    `${what}: relative error ${error.toExponential(2)} above ${tolerance}`,
  );
}
