import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { replaceKernel } from '../../../engine/backends/replace-kernel.js';

describe('replacing a kernel', () => {
  const [kernelName, backendName] = ['AvmeTest', 'a backend of this test'];
  const setupFunc = () => undefined;
  before(() => {
    const stock = () => [{ dataId: {}, shape: [1], dtype: 'float32' as const }];
    tf.registerKernel({ kernelName, backendName, kernelFunc: stock, setupFunc });
  });
  after(() => {
    tf.unregisterKernel(kernelName, backendName);
  });

  it('hands over the stock one and keeps its setup; again it does nothing', () => {
    let made = 0;
    const make = (stock: tf.KernelFunc) => {
      made++;
      return (params: Parameters<tf.KernelFunc>[0]) => [stock(params), stock(params)].flat();
    };
    replaceKernel(kernelName, backendName, make);
    replaceKernel(kernelName, backendName, make);
    const kernel = tf.getKernel(kernelName, backendName);
    const results = kernel.kernelFunc({ inputs: {}, backend: {} });
    assert.equal(made, 1);
    assert.equal((results as tf.TensorInfo[]).length, 2);
    assert.equal(kernel.setupFunc, setupFunc);
  });
});
