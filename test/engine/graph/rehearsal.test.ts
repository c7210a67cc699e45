import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { capture } from '../../../engine/graph/capture.js';
import { CaptureError, nativeBackend } from '../../../engine/graph/native.js';
import { onBackend } from '../../support/backends.js';

/** What TensorFlow is asked for while something is captured. */
function watched(work: () => { nodes: number; dispose(): void }) {
  const backend = nativeBackend();
  const real = backend.binding;
  const live = new Map<number, number>();
  const seen = { operations: 0, mostBytes: 0, left: 0, nodes: 0 };
  const note = (id: number, shape: readonly number[]) => {
    live.set(id, 4 * shape.reduce((a, b) => a * b, 1));
    seen.mostBytes = Math.max(seen.mostBytes, [...live.values()].reduce((a, b) => a + b, 0)); // prettier-ignore
    return id;
  };
  const binding = Object.create(real) as typeof real;
  Object.defineProperties(binding, {
    executeOp: {
      value: (...given: Parameters<typeof real.executeOp>) => {
        seen.operations++;
        const held = real.executeOp(...given);
        for (const { id, shape } of held) note(id, shape);
        return held;
      },
    },
    createTensor: {
      value: (...given: Parameters<typeof real.createTensor>) =>
        note(real.createTensor(...given), given[0]),
    },
    deleteTensor: {
      value: (id: number) => {
        live.delete(id);
        real.deleteTensor(id);
      },
    },
  });
  backend.binding = binding;
  try {
    const graph = work();
    seen.nodes = graph.nodes;
    graph.dispose();
  } finally {
    backend.binding = real;
  }
  seen.left = live.size;
  return seen;
}

const SIDE = 256;

/** The gradient of a deep computation, which needs what every layer makes. */
const deep = (x: tf.Tensor, layers: number) =>
  tf.grad((x: tf.Tensor) => {
    let y = x;
    for (let i = 0; i < layers; i++) y = tf.tanh(tf.add(tf.matMul(y, x), tf.relu(y)));
    return tf.sum(y);
  })(x);

onBackend('tensorflow', 'recording', () => {
  it('takes memory and time for the forms of tensors, not for their number', () => {
    const x = tf.add(tf.zeros([SIDE, SIDE]), 1);
    const [few, many] = [3, 60].map((layers) =>
      watched(() => capture({ x }, () => ({ out: deep(x, layers) }))),
    ) as [ReturnType<typeof watched>, ReturnType<typeof watched>];
    assert.ok(many.nodes > 15 * few.nodes, `${few.nodes} and ${many.nodes} nodes`);
    assert.equal(many.operations, few.operations);
    assert.equal(many.mostBytes, few.mostBytes);
    // Zeros of either type, what an operation makes of them, and what relu's gradient chooses from.
    assert.ok(many.mostBytes < 6 * 4 * SIDE ** 2, `${many.mostBytes}`);
    assert.deepEqual([few.left, many.left], [0, 0]);
  });

  it('tells results apart that differ in form by a constant or an attribute alone', () => {
    const work = (x: tf.Tensor) => ({
      flat: tf.reshape(x, [12]),
      square: tf.reshape(x, [2, 6]),
      rows: tf.sum(x, 0),
      columns: tf.sum(x, 1),
      kept: tf.sum(x, 1, true),
      turned: tf.matMul(x, x, false, true),
      inner: tf.matMul(x, x, true, false),
      short: tf.add(tf.range(0, 3), tf.mean(x)),
      long: tf.add(tf.range(0, 5), tf.mean(x)),
      head: tf.slice(x, [0, 0], [1, 4]),
      tail: tf.slice(x, [1, 0], [2, 4]),
      best: tf.topk(x, 2).indices,
      more: tf.topk(x, 3).indices,
    });
    const x = tf.randomNormal([3, 4]);
    const graph = capture({ x }, () => work(x));
    const [wanted, made] = [work(x), graph.run({ x })];
    for (const [name, tensor] of Object.entries(wanted)) {
      assert.deepEqual(made[name]!.shape, tensor.shape, name);
      tf.test_util.expectArraysClose(made[name]!.dataSync(), tensor.dataSync(), 1e-5);
    }
    graph.dispose();
  });

  it('refuses tensors that outlive it, which hold no values', () => {
    const x = tf.scalar(1);
    let kept = tf.scalar(0);
    const work = () => {
      kept = tf.keep(tf.exp(x));
      return { out: tf.neg(kept) as tf.Tensor };
    };
    assert.throws(() => capture({ x }, work), { name: CaptureError.name, message: /^1 tensors are kept .*return them as results/ }); // prettier-ignore
    assert.equal(Math.round(tf.exp(x).dataSync()[0]! * 1000), 2718);
  });
});
