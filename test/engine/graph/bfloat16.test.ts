import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { withBfloat16Products } from '../../../engine/graph/bfloat16.js';
import { DATA_TYPE, type GraphNode } from '../../../engine/graph/graph-def.js';
import { capture } from '../../../engine/graph/capture.js';
import { fasterProducts, productRates } from '../../../engine/graph/product-rates.js';
import { relativeError } from '../../support/golden.js';
import { onBackend } from '../../support/backends.js';

const node = (name: string, op: string, inputs: string[], type: number = DATA_TYPE.float32): GraphNode => ({
  name, op, inputs, attributes: { T: { type }, transpose_b: { bool: true } },
}); // prettier-ignore

describe('products in bfloat16', () => {
  it('have their inputs cast, each once, and their results cast back under the name they had', () => {
    const given = [
      node('a', 'Placeholder', []),
      node('first', 'MatMul', ['a:0', 'split:1']),
      node('second', 'BatchMatMulV2', ['a:0', 'first:0']),
    ];
    const made = withBfloat16Products(given);
    assert.deepEqual(
      made.map(({ name, op, inputs }) => `${name} = ${op}(${inputs.join(', ')})`),
      [
        'a = Placeholder()',
        'a/0/bfloat16 = Cast(a:0)',
        'split/1/bfloat16 = Cast(split:1)',
        'first/bfloat16 = MatMul(a/0/bfloat16:0, split/1/bfloat16:0)',
        'first = Cast(first/bfloat16:0)',
        'first/0/bfloat16 = Cast(first:0)',
        'second/bfloat16 = BatchMatMulV2(a/0/bfloat16:0, first/0/bfloat16:0)',
        'second = Cast(second/bfloat16:0)',
      ],
    );
    assert.deepEqual(made[3]?.attributes, { T: { type: 14 }, transpose_b: { bool: true } });
  });

  it('leaves all else as it is, products of whole numbers too', () => {
    const given = [node('a', 'AddV2', ['x:0', 'y:0']), node('b', 'MatMul', ['x:0', 'y:0'], DATA_TYPE.int32)]; // prettier-ignore
    assert.deepEqual(withBfloat16Products(given), given);
  });
});

onBackend('tensorflow', 'products in bfloat16', () => {
  const work = (x: tf.Tensor, weight: tf.Tensor) => {
    const loss = (weight: tf.Tensor) =>
      tf.sum<tf.Scalar>(tf.square(tf.matMul(tf.matMul(x, weight), weight, false, true)));
    const { value, grad } = tf.valueAndGrad(loss)(weight);
    return { value, grad };
  };

  it('are those of float32 to eight bits, with gradients', async () => {
    const inputs = {
      x: tf.randomNormal([32, 48], 0, 1, 'float32', 1),
      weight: tf.randomNormal([48, 40], 0, 1, 'float32', 2),
    };
    const made = await Promise.all(
      (['float32', 'bfloat16'] as const).map(async (products) => {
        const graph = capture(inputs, () => work(inputs.x, inputs.weight), { products });
        const { value, grad } = graph.run(inputs);
        graph.dispose();
        return [(await value!.data()) as Float32Array, (await grad!.data()) as Float32Array] as const;
      }),
    ); // prettier-ignore
    const [[value, grad], [roughValue, roughGrad]] = made as [(typeof made)[0], (typeof made)[0]];
    const errors = [relativeError(roughValue, value), relativeError(roughGrad, grad)];
    assert.ok(
      errors.every((error) => error > 0 && error < 2 ** -6),
      errors.join(),
    );
  });

  it('are taken where they are measured to be faster', () => {
    const rates = productRates();
    assert.ok(rates.float32 > 1 && rates.bfloat16 > 0.1, JSON.stringify(rates));
    assert.ok(['float32', 'bfloat16'].includes(fasterProducts()));
  });
});
