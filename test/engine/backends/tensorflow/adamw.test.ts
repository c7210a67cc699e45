import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { capture, type Tensors } from '../../../../engine/graph/capture.js';
import { adamwNumbers, adamwUpdate } from '../../../../model/optim/adamw.js';
import { onBackend } from '../../../support/backends.js';
import { relativeError } from '../../../support/golden.js';

const OPTIONS = { beta1: 0.9, beta2: 0.95, weightDecay: 0.05 };

onBackend('tensorflow', 'AdamW in one pass', () => {
  const given = () => ({
    weight: tf.randomNormal([5, 7], 0, 1, 'float32', 1),
    gradient: tf.randomNormal([5, 7], 0, 0.1, 'float32', 2),
    first: tf.randomNormal([5, 7], 0, 0.1, 'float32', 3),
    second: tf.square(tf.randomNormal([5, 7], 0, 0.1, 'float32', 4)),
  });
  type Given = ReturnType<typeof given>;
  const numbersOf = (step: number, decayed: boolean) => {
    const { rootScale, rate, kept } = adamwNumbers(step, 1e-2, decayed, OPTIONS);
    return { rootScale, rate, kept };
  };
  const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };
  /** Op by op, as on every other backend. */
  const plain = ({ weight, gradient, ...moments }: Given, step: number, decayed: boolean) =>
    adamwUpdate(weight, gradient, moments, { ...settings, ...numbersOf(step, decayed) });
  const scalarsOf = (step: number, decayed: boolean) => {
    const { rootScale, rate, kept } = numbersOf(step, decayed);
    return { rootScale: tf.scalar(rootScale), rate: tf.scalar(rate), ...(decayed ? { kept: tf.scalar(kept) } : {}) };
  }; // prettier-ignore
  type Scalars = ReturnType<typeof scalarsOf>;
  const inOnePass = ({ weight, gradient, ...moments }: Given, scalars: Scalars) =>
    adamwUpdate(weight, gradient, moments, { ...settings, kept: 1, ...scalars });
  const assertSame = (made: Tensors, expected: Tensors) => {
    for (const name of ['weight', 'first', 'second'])
      assert.ok(relativeError(made[name]!.dataSync(), expected[name]!.dataSync()) < 1e-6, name);
  };

  for (const decayed of [true, false]) {
    const how = decayed ? 'with decay' : 'without decay';
    it(`is the step op by op, and leaves what it was given as it was: ${how}`, () => {
      const values = given();
      const before = Object.values(values).map((tensor) => [...tensor.dataSync()]);
      assertSame(inOnePass(values, scalarsOf(3, decayed)), plain(values, 3, decayed));
      assert.deepEqual(Object.values(values).map((tensor) => [...tensor.dataSync()]), before); // prettier-ignore
    });

    it(`is so in a graph, run after run on what the last one made: ${how}`, () => {
      let [graphs, ops] = [given(), given()];
      const scalars = scalarsOf(1, decayed);
      const graph = capture({ ...graphs, ...scalars }, () => ({ ...inOnePass(graphs, scalars) }));
      for (let step = 1; step <= 5; step++) {
        const before = Object.values(graphs).map((tensor) => [...tensor.dataSync()]);
        const made = graph.run({ ...graphs, ...scalarsOf(step, decayed) });
        const expected = plain(ops, step, decayed);
        assertSame(made, expected);
        assert.deepEqual(Object.values(graphs).map((tensor) => [...tensor.dataSync()]), before); // prettier-ignore
        const gradient = tf.randomNormal([5, 7], 0, 0.1, 'float32', 10 + step);
        graphs = { ...(made as unknown as Given), gradient };
        ops = { ...expected, gradient };
      }
      graph.dispose();
    });
  }

  it('holds no tensors but its results', () => {
    const [values, scalars] = [given(), scalarsOf(1, true)];
    const before = tf.memory().numTensors;
    tf.dispose({ ...tf.tidy(() => ({ ...inOnePass(values, scalars) })) });
    assert.equal(tf.memory().numTensors, before);
  });
});
