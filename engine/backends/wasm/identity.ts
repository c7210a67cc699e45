import type { TensorInfo } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../replace-kernel.js';

/** The part of the wasm backend's inside that counting references needs. */
interface WasmInside {
  incRef(dataId: object): void;
}

/**
 * An `Identity` for wasm that copies nothing: tensors never change, so that two can share memory, as
 * they do behind `Reshape`. TensorFlow.js clones whatever goes into or is kept for a gradient.
 */
export function registerSharedIdentity(): void {
  replaceKernel('Identity', 'wasm', (stock) => (params) => {
    const { x } = params.inputs as { x: TensorInfo };
    if (x.dtype === 'string') return stock(params);
    (params.backend as WasmInside).incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  });
}
