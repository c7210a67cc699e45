import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { trace } from '../../../engine/xla/trace.js';
import { onBackend } from '../../support/backends.js';
import { relativeError } from '../../support/golden.js';
import { useXla } from './jaxlib.js';

onBackend('wasm', 'writing a computation down', () => {
  it('leaves backend, tensors and outer values as they were', () => {
    const x = tf.tensor1d([1, 2, 3]);
    const before = tf.memory().numTensors;
    const program = trace({ inputs: { x }, work: () => ({ sum: tf.sum(x), kept: tf.keep(tf.neg(x)) }) }); // prettier-ignore
    assert.equal(tf.getBackend(), 'wasm');
    assert.equal(tf.memory().numTensors, before);
    assert.deepEqual([...x.dataSync()], [1, 2, 3]);
    assert.deepEqual(program.results.map(({ name }) => name), ['sum', 'kept']); // prettier-ignore
  });

  it('drops operations and arguments that no result needs', () => {
    const [x, y] = [tf.ones([2]), tf.ones([3])];
    const program = trace({
      inputs: { x, y },
      work: () => {
        tf.exp(y);
        return { twice: tf.add(x, x) };
      },
    });
    assert.deepEqual(program.arguments.map(({ name }) => name), ['x']); // prettier-ignore
    assert.equal(program.operations, 1);
  });

  it('donates what has a result of the same name, and nothing else', () => {
    const x = tf.ones([2]);
    const program = trace({
      inputs: { x },
      state: new Map([['frozen', [2]], ['weight', [2]]]),
      work: ({ frozen, weight }) => ({ loss: tf.sum(x), weight: tf.add(tf.mul(weight!, frozen!), x) }),
    }); // prettier-ignore
    const signature = program.arguments.map(({ name, aliases }) => [name, aliases]);
    assert.deepEqual(signature, [['frozen', undefined], ['weight', 1], ['x', undefined]]); // prettier-ignore
    assert.match(program.text, /%1: tensor<2xf32> \{tf\.aliasing_output = 1 : i32\}/);
    assert.equal(program.text.match(/aliasing_output/g)?.length, 1);
  });

  it('takes bytes where they arrive as such, and makes floats of them on the device', () => {
    const x = tf.ones([2, 2]);
    const { text } = trace({ inputs: { x }, arrives: { x: 'ui8' }, work: () => ({ half: tf.div(x, 2) }) }); // prettier-ignore
    assert.match(text, /@main\(%0: tensor<2x2xui8>\)/);
    assert.match(text, /"stablehlo\.convert"\(%0\) : \(tensor<2x2xui8>\) -> tensor<2x2xf32>/);
  });

  const refusals: Record<string, readonly [RegExp, (x: tf.Tensor) => tf.Tensor]> = {
    'values that are read': [/values are read while the computation is recorded/, (x) => tf.mul(x, tf.sum(x).dataSync()[0] ?? 0)],
    'numbers drawn in JavaScript': [/tf\.randomUniform draws/, (x) => tf.mul(x, tf.randomUniform([2]))],
    'an operation without a place': [/Cumsum has no place in a program for XLA/, (x) => tf.cumsum(x)],
    'an operation in an odd form': [/GatherV2 has no place in a program for XLA: .*batches/, () => tf.gather(tf.ones([2, 2]), tf.zeros([2, 1], 'int32'), 1, 1)],
  }; // prettier-ignore
  for (const [what, [message, work]] of Object.entries(refusals))
    it(`refuses ${what}, and goes on with the backend as it was`, () => {
      const x = tf.ones([2]);
      const refused = () => trace({ inputs: { x }, work: () => ({ y: work(x) }) });
      assert.throws(refused, { name: 'CaptureError', message });
      assert.equal(tf.getBackend(), 'wasm');
    });

  it('refuses a tensor from outside that is not declared', () => {
    const [x, stranger] = [tf.ones([2]), tf.ones([2])];
    const refused = () => trace({ inputs: { x }, work: () => ({ y: tf.add(x, stranger) }) });
    assert.throws(refused, { name: 'CaptureError', message: /shape \[2\] was made before/ });
  });

  it('refuses a result that does not fit the state it replaces', () => {
    const refused = () =>
      trace({ inputs: {}, state: new Map([['weight', [2]]]), work: ({ weight }) => ({ weight: tf.sum(weight!) }) }); // prettier-ignore
    assert.throws(refused, /weight .*cannot take over/);
  });
});

onBackend('wasm', 'the precision of products in a program', () => {
  const run = useXla();
  const values = (size: number, at: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i * 7 + at)); // prettier-ignore

  for (const [precision, least, most] of [['float32', 0, 1e-6], ['tf32', 0, 1e-2], ['bfloat16', 1e-4, 2e-2]] as const)
    it(`${precision}: within ${most} of float32`, () => {
      const [x, y] = [tf.tensor2d(values(64, 0), [8, 8]), tf.tensor2d(values(64, 1), [8, 8])];
      const work = () => ({ product: tf.matMul(x, y, false, true) });
      const program = trace({ inputs: { x, y }, precision, work });
      const [results] = run(program, [{ x: values(64, 0), y: values(64, 1) }]);
      const error = relativeError(results!['product']!, work().product.dataSync());
      assert.ok(error >= least && error < most, `${error}`);
      // TF32 is a matter of the GPU: XLA's precision asks for it, here all bits count.
      assert.equal(program.text.includes('precision HIGHEST'), precision === 'float32');
    }); // prettier-ignore
});
