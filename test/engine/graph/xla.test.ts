import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import type { GraphNode } from '../../../engine/graph/graph-def.js';
import { capture } from '../../../engine/graph/capture.js';
import { CaptureError } from '../../../engine/graph/native.js';
import { withXla } from '../../../engine/graph/xla.js';
import { onBackend } from '../../support/backends.js';

const node = (name: string, op: string, inputs: string[] = []): GraphNode => ({
  name, op, inputs, attributes: { T: { type: 1 } },
}); // prettier-ignore

describe('a graph for XLA', () => {
  it('is one program but for what is fed, and gives its results under the names they had', () => {
    const given = [node('x', 'Placeholder'), node('y', 'Neg', ['x:0']), node('out', 'Identity', ['y:0'])]; // prettier-ignore
    const made = withXla(given, ['out:0']);
    assert.deepEqual(
      made.map(({ name, op, inputs, attributes }) => `${name} = ${op}(${inputs.join()})${'_xla_compile_id' in attributes ? ' inside' : ''}`),
      [
        'x = Placeholder()',
        'y = Neg(x:0) inside',
        'out/compiled = Identity(y:0) inside',
        'out/out = XlaClusterOutput(out/compiled:0)',
        'out = Identity(out/out:0)',
      ],
    ); // prettier-ignore
  });

  it('stays as it is where it makes variables', () => {
    const given = [node('x', 'Placeholder'), node('v', 'VarHandleOp'), node('out', 'Identity', ['x:0'])]; // prettier-ignore
    assert.equal(withXla(given, ['out:0']), given);
  });
});

onBackend('tensorflow', 'a graph that XLA compiles', () => {
  it('gives what the computation gives, several results and gradients, for other inputs too', () => {
    const draw = () => ({ x: tf.randomNormal([8, 6]), weight: tf.randomNormal([6, 5]) });
    const work = ({ x, weight }: ReturnType<typeof draw>) => {
      const loss = (weight: tf.Tensor) => tf.mean<tf.Scalar>(tf.square(tf.softmax(tf.matMul(tf.relu(x), weight)))); // prettier-ignore
      const { value, grad } = tf.valueAndGrad(loss)(weight);
      return { value, grad, x };
    };
    const first = draw();
    const plain = capture(first, () => work(first));
    const graph = capture(first, () => work(first), { xla: true });
    assert.ok(graph.nodes > plain.nodes, 'it is another graph');
    for (const inputs of [first, draw()]) {
      const [wanted, made] = [work(inputs), graph.run(inputs)];
      for (const [name, tensor] of Object.entries(wanted))
        tf.test_util.expectArraysClose(made[name]!.dataSync(), tensor.dataSync(), 1e-6);
    }
    for (const one of [plain, graph]) one.dispose();
  });

  it('is refused at once where XLA cannot compile it, and holds nothing', () => {
    const image = tf.ones<tf.Rank.R4>([1, 4, 4, 1]);
    const crop = () => ({ cropped: tf.image.cropAndResize(image, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], 'int32'), [2, 2]) });
    const before = tf.memory().numTensors;
    assert.throws(() => capture({ image }, crop, { xla: true }), {
      name: CaptureError.name,
      message: /XLA does not compile it: .*CropAndResize/s,
    });
    assert.equal(tf.memory().numTensors, before);
  }); // prettier-ignore
});
