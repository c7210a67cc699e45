import * as tf from '@tensorflow/tfjs-core';
import {
  adamwNumbers,
  adamwUpdate,
  isDecayed,
  type AdamWNumbers,
} from '../../model/optim/adamw.js';
import type { Tensors } from '../../engine/graph/capture.js';
import { gradientFactor } from './gradients.js';
import { AVERAGED, FIRST, SECOND, type Optimizer, type UpdateRequest } from './optimizer.js';
import type { Runner } from './runner.js';

/** Numbers that change from step to step, once each: weights of one learning rate share them. */
function changingNumbers(optimizer: Optimizer, { step, lr, scaleOf }: UpdateRequest) {
  const scalars: Record<string, tf.Tensor> = {};
  const numbers = new Map(
    optimizer.learned.map((name) => {
      const scale = scaleOf(name);
      const decayed = isDecayed(name, optimizer.weights.get(name)?.shape ?? []);
      const all = adamwNumbers(step, lr * scale, decayed, optimizer.options);
      const changing = {
        rootScale: (scalars['rootScale'] ??= tf.scalar(all.rootScale)),
        rate: (scalars[`rate.${scale}`] ??= tf.scalar(all.rate)),
        kept: decayed ? (scalars[`kept.${scale}`] ??= tf.scalar(all.kept)) : 1,
      };
      return [name, { ...all, ...changing }] as const;
    }),
  );
  return { scalars, numbers };
}

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
  const { batches, clip } = request;
  const of = (name: string) => tensors.get(name) as tf.Tensor;
  const next = tf.tidy(() => {
    const { scalars, numbers } = changingNumbers(optimizer, request);
    const given = Object.fromEntries(gradients.map((gradient, i) => [`gradient.${i}`, gradient]));
    const inputs: Tensors = { ...Object.fromEntries(tensors), ...given, ...scalars };
    const run = runner.run(`update/${batches}/${clip ?? 'whole'}`, inputs, () => {
      const factor = gradientFactor(gradients, batches, clip);
      const made: Record<string, tf.Tensor> = {};
      learned.forEach((name, i) => {
        const gradient = gradients[i] as tf.Tensor;
        const scaled = factor === undefined ? gradient : tf.mul(gradient, factor);
        const moments = { first: of(FIRST + name), second: of(SECOND + name) };
        const updated = adamwUpdate(of(name), scaled, moments, numbers.get(name) as AdamWNumbers);
        made[name] = updated.weight;
        made[FIRST + name] = updated.first;
        made[SECOND + name] = updated.second;
      });
      const { average } = options;
      if (average !== undefined)
        for (const name of optimizer.weights.keys())
          made[AVERAGED + name] = tf.add(
            tf.mul(of(AVERAGED + name), average),
            tf.mul(made[name] ?? of(name), 1 - average),
          );
      return made;
    });
    return { ...run };
  });
  for (const tensor of Object.values(next)) tf.keep(tensor);
  optimizer.put(next);
}
