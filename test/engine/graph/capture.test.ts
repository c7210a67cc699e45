import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { capture } from '../../../engine/graph/capture.js';
import { CaptureError } from '../../../engine/graph/native.js';
import { compiler } from '../../../engine/graph/compiled.js';
import { dropout } from '../../../engine/ops/dropout.js';
import { useBackend } from '../../../engine/backend.js';
import { onBackend } from '../../support/backends.js';

const values = (tensor: tf.Tensor | undefined) => [...tensor!.dataSync()];

/** A layer with its gradient: products, broadcasting, reductions. */
function layer(x: tf.Tensor, weight: tf.Tensor) {
  const loss = (weight: tf.Tensor) =>
    tf.mean<tf.Scalar>(tf.square(tf.softmax(tf.matMul(tf.relu(x), weight))));
  const { value, grad } = tf.valueAndGrad(loss)(weight);
  return { value, grad };
}

describe('a computation as a graph', () => {
  it('is refused where the backend is not native TensorFlow', async () => {
    await useBackend('cpu');
    assert.throws(() => capture({}, () => ({ one: tf.scalar(1) })), /native TensorFlow only, and the backend is cpu/);
  }); // prettier-ignore
});

onBackend('tensorflow', 'a computation as a graph', () => {
  it('gives what the computation gives, gradients too, for inputs it was not recorded with', () => {
    const [x, weight] = [tf.randomNormal([4, 6]), tf.randomNormal([6, 5])];
    const graph = capture({ x, weight }, () => layer(x, weight));
    for (let i = 0; i < 3; i++) {
      const other = { x: tf.randomNormal([4, 6]), weight: tf.randomNormal([6, 5]) };
      const [wanted, made] = [layer(other.x, other.weight), graph.run(other)];
      tf.test_util.expectArraysClose(values(made['value']), values(wanted.value), 1e-6);
      tf.test_util.expectArraysClose(values(made['grad']), values(wanted.grad), 1e-6);
      assert.deepEqual(made['grad']!.shape, [6, 5]);
    }
    graph.dispose();
  });

  it('runs convolutions, picking, splitting, comparing and whole numbers', () => {
    const work = (x: tf.Tensor, index: tf.Tensor) => {
      const image = tf.reshape<tf.Rank.R4>(x, [1, 4, 4, 2]);
      const convolved = tf.conv2d(image, tf.ones([3, 3, 2, 3]), 1, 'same');
      const [left, right] = tf.split(tf.transpose(x), 2, 1);
      return {
        convolved,
        picked: tf.gather(x, index),
        joined: tf.concat([right!, left!], 1),
        larger: tf.greater(x, 0),
        places: tf.add(index, tf.scalar(1, 'int32')),
        wide: tf.expandDims(x, 1),
        spread: tf.scatterND(tf.reshape(index, [2, 1]), tf.ones([2, 3]), [16, 3]),
      };
    };
    const inputs = () => ({ x: tf.randomNormal([16, 2]), index: tf.tensor1d([15, 3], 'int32') });
    const first = inputs();
    const graph = capture(first, () => work(first.x, first.index));
    const other = { ...inputs(), index: tf.tensor1d([0, 7], 'int32') };
    const [wanted, made] = [work(other.x, other.index), graph.run(other)];
    for (const [name, tensor] of Object.entries(wanted)) {
      assert.deepEqual(made[name]!.shape, tensor.shape, name);
      assert.equal(made[name]!.dtype, tensor.dtype, name);
      tf.test_util.expectArraysClose(values(made[name]), values(tensor), 1e-6);
    }
    graph.dispose();
  });

  it('gives an input that is a result back, and one result under two names', () => {
    const x = tf.tensor1d([1, 2]);
    const graph = capture({ x }, () => {
      const double = tf.mul(x, 2);
      return { x, double, again: double };
    });
    assert.deepEqual(values(x), [1, 2], 'it is not disposed of');
    const made = graph.run({ x: tf.tensor1d([3, 4]) });
    assert.deepEqual(values(made['x']), [3, 4]);
    assert.deepEqual(values(made['double']), [6, 8]);
    assert.deepEqual(values(made['again']), [6, 8]);
    graph.dispose();
  });

  it('draws by the seed that it is given, as outside of a graph', () => {
    const draw = (seed: tf.Tensor) => ({ kept: dropout(tf.ones([1000]), 0.25, seed) });
    const [seed, other] = [tf.tensor1d([1, 2], 'int32'), tf.tensor1d([1, 3], 'int32')];
    const graph = capture({ seed }, () => draw(seed));
    const [first, again, second] = [seed, seed, other].map((seed) => values(graph.run({ seed })['kept'])); // prettier-ignore
    assert.deepEqual(first, again);
    assert.deepEqual(first, values(draw(seed).kept));
    assert.deepEqual(second, values(draw(other).kept));
    assert.notDeepEqual(first, second);
    const zeros = first.filter((value) => value === 0).length;
    assert.ok(zeros > 190 && zeros < 310, `${zeros} of 1000 are zero`);
    graph.dispose();
  });

  it('refuses values that are read meanwhile, also of what was given', () => {
    const x = tf.scalar(1);
    const reads = (tensor: () => tf.Tensor) => () =>
      capture({ x }, () => ({ out: tf.mul(x, tensor().dataSync()[0]!) }));
    const refusal = { name: CaptureError.name, message: /values are read/ };
    assert.throws(reads(() => tf.add(x, 1)), refusal);
    assert.throws(reads(() => x), refusal);
    // What failed leaves the backend as it was.
    assert.deepEqual(values(tf.add(x, 1)), [2]);
  }); // prettier-ignore

  it('refuses numbers that are drawn meanwhile, which would be the same in every run', () => {
    const x = tf.ones([4]);
    const draws = (name: string, draw: () => tf.Tensor | number) => {
      const message = new RegExp(`^${name} draws while the computation is recorded`);
      assert.throws(() => capture({ x }, () => ({ out: tf.mul(x, draw()) })), { name: CaptureError.name, message }); // prettier-ignore
    };
    draws('tf.randomUniform', () => tf.randomUniform([4], 0, 1, 'float32', 'a seed'));
    draws('tf.randomNormal', () => tf.randomNormal([4]));
    draws('tf.truncatedNormal', () => tf.truncatedNormal([4]));
    draws('tf.dropout', () => tf.dropout(x, 0.5));
    draws('Math.random', () => Math.random());
    draws('tf.randomUniform', () => dropout(x, 0.5, 'a seed of text'));
    // What failed leaves drawing as it was.
    assert.ok(Math.random() < 1 && values(tf.randomUniform([1]))[0]! < 1);
    const { scopeStack } = tf.engine().state;
    assert.deepEqual(scopeStack.filter(({ name }) => /random|dropout/.test(name)), []); // prettier-ignore
  });

  it('refuses tensors that were made before and not declared, wherever they lie', () => {
    const [x, waiting, held] = [tf.scalar(1), tf.tensor1d([1, 2, 3]), tf.add(tf.tensor1d([1, 2]), 1)]; // prettier-ignore
    assert.throws(() => capture({ x }, () => ({ out: tf.mul(x, waiting) })), /of shape \[3\] was made before/); // prettier-ignore
    assert.throws(() => capture({ x }, () => ({ out: tf.mul(x, held) })), /made before and is not declared/); // prettier-ignore
  });

  it('refuses a run without one of its inputs, or with another shape', () => {
    const x = tf.tensor1d([1, 2]);
    const graph = capture({ x }, () => ({ out: tf.neg(x) }));
    assert.throws(() => graph.run({}), /the input x is missing/);
    assert.throws(
      () => graph.run({ x: tf.tensor1d([1, 2, 3]) }),
      /the input x is float32 \[3\] and was captured as float32 \[2\]/,
    );
    graph.dispose();
  });

  it('keeps no tensors but the results, over many runs', () => {
    const x = tf.ones([100]);
    const graph = capture({ x }, () => ({ out: tf.exp(tf.neg(x)), sum: tf.sum(x) }));
    const before = tf.memory().numTensors;
    for (let i = 0; i < 200; i++) tf.dispose({ ...graph.run({ x }) });
    assert.equal(tf.memory().numTensors, before);
    graph.dispose();
  });

  it('is recorded once for each key and shapes, and again when it was pushed out', () => {
    const graphs = compiler({ limit: 2 });
    let recorded = 0;
    const double = (key: string, size: number) => {
      const x = tf.ones([size]);
      const work = () => {
        recorded++;
        return { out: tf.mul(x, 2) };
      };
      assert.deepEqual(values(graphs.run(key, { x }, work)['out']), Array<number>(size).fill(2));
      return recorded;
    };
    assert.equal(double('a', 1), 1);
    assert.equal(double('a', 1), 1);
    assert.equal(double('a', 2), 2);
    assert.equal(double('a', 1), 2);
    assert.equal(double('b', 1), 3);
    // Of three, the one that was not used for longest is gone.
    assert.equal(double('a', 1), 3);
    assert.equal(double('a', 2), 4);
    graphs.dispose();
  });
});
