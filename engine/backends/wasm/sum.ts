import { util, type TensorInfo } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../replace-kernel.js';

/** The part of the wasm backend's inside that summing in place needs. */
interface WasmInside {
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): Float32Array;
}

/**
 * A faster and more exact `Sum` for wasm over leading axes, as in the gradient of every bias: the
 * stock kernel transposes first and adds in float32; here rows are added in float64 as they lie.
 */
export function registerFastSum(): void {
  replaceKernel('Sum', 'wasm', (stock) => (params) => {
    const { x } = params.inputs as { x: TensorInfo };
    const { axis, keepDims } = params.attrs as { axis: number | number[]; keepDims: boolean };
    const axes = util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    const leading = axes.every((value, i) => value === i) && axes.length < x.shape.length;
    if (!leading || axes.length === 0 || x.dtype !== 'float32') return stock(params);
    const backend = params.backend as WasmInside;
    const kept = x.shape.slice(axes.length);
    const columns = util.sizeFromShape(kept);
    const rows = util.sizeFromShape(x.shape) / Math.max(1, columns);
    const out = backend.makeOutput(keepDims ? [...axes.map(() => 1), ...kept] : kept, 'float32');
    // Both views are taken after the output was made: making it may have moved the heap.
    const values = backend.typedArrayFromHeap(x);
    const sums = new Float64Array(columns);
    let at = 0;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        sums[column] = (sums[column] as number) + (values[at++] as number);
    backend.typedArrayFromHeap(out).set(sums);
    return out;
  });
}
