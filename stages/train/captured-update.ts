import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../../engine/graph/capture.js';
import { applyUpdate, updateNumbers, type UpdatePlan } from './apply-update.js';
import type { Optimizer, UpdateRequest } from './optimizer.js';
import type { Runner } from './runner.js';

/**
 * One step of AdamW on all weights as a graph, with clipping and averaging.
 * @param gradients in the order of the optimizer's learned weights; the caller's
 */
export function capturedUpdate(
  runner: Runner,
  optimizer: Optimizer,
  gradients: readonly tf.Tensor[],
  request: UpdateRequest,
): void {
  const { learned, tensors, options } = optimizer;
  const { batches, clip, scaleOf, step, lr } = request;
  const shapes = new Map([...optimizer.weights].map(([name, { shape }]) => [name, shape]));
  const plan: UpdatePlan = { shapes, learned, options, batches, clip, scaleOf };
  const of = (name: string) => tensors.get(name) as tf.Tensor;
  const next = tf.tidy(() => {
    const numbers = Object.entries(updateNumbers(plan, step, lr));
    const scalars = Object.fromEntries(numbers.map(([name, value]) => [name, tf.scalar(value)]));
    const given = Object.fromEntries(gradients.map((gradient, i) => [`gradient.${i}`, gradient]));
    const inputs: Tensors = { ...Object.fromEntries(tensors), ...given, ...scalars };
    const run = runner.run(`update/${batches}/${clip ?? 'whole'}`, inputs, () =>
      applyUpdate(plan, of, gradients, scalars),
    );
    return { ...run };
  });
  for (const tensor of Object.values(next)) tf.keep(tensor);
  optimizer.put(next);
}
