import {
  backend_util,
  getKernel,
  util,
  type KernelFunc,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { replaceKernel } from '../replace-kernel.js';

/**
 * A faster `BatchMatMul` for wasm. The stock kernel uses XNNPACK only for a single, untransposed
 * product and falls back to a plain loop for all else: 2 GFLOP/s instead of 15 to 25. Attention is
 * batched, and every gradient of a product is transposed, so this is nearly all of the model's time.
 * Here every product becomes untransposed single ones: a shared right side is folded into rows, and
 * the matrices of a batch are handed over one by one as aliases into the backend's memory.
 */

interface DataRecord {
  readonly id: number;
  readonly memoryOffset: number;
}

/** The part of the wasm backend's inside that aliases need. */
interface WasmInside {
  dataIdNextNumber: number;
  readonly dataIdMap: {
    get(dataId: object): DataRecord;
    set(dataId: object, record: object): void;
    delete(dataId: object): boolean;
  };
  readonly wasm: {
    readonly HEAPU8: Uint8Array;
    readonly tfjs: {
      registerTensor(id: number, size: number, memoryOffset: number): void;
      disposeData(id: number): void;
    };
  };
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  disposeData(dataId: object): void;
}

const FLOAT_BYTES = 4;

/** Runs `use` with tensors that stand for parts of others' memory; nothing is copied or freed. */
function withAlias<T>(
  backend: WasmInside,
  parts: readonly { readonly of: TensorInfo; readonly offset: number; readonly shape: number[] }[],
  use: (aliases: TensorInfo[]) => T,
): T {
  const aliases = parts.map(({ of, offset, shape }) => {
    const id = backend.dataIdNextNumber++;
    const size = util.sizeFromShape(shape);
    const memoryOffset = backend.dataIdMap.get(of.dataId).memoryOffset + offset * FLOAT_BYTES;
    const dataId = {};
    backend.dataIdMap.set(dataId, { id, memoryOffset, shape, dtype: 'float32', refCount: 1 });
    backend.wasm.tfjs.registerTensor(id, size, memoryOffset);
    return { id, info: { dataId, shape, dtype: 'float32' as const } };
  });
  try {
    return use(aliases.map(({ info }) => info));
  } finally {
    for (const { id, info } of aliases) {
      // Forgets the number, and XNNPACK's packed copy that goes by it; the memory belongs to others.
      backend.wasm.tfjs.disposeData(id);
      backend.dataIdMap.delete(info.dataId);
    }
  }
}

function swapLastTwo(rank: number): number[] {
  return [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
}

/** The number of one side's matrix in each product of a batch that it may be broadcast over. */
function matricesOf(own: readonly number[], batch: readonly number[]): number[] {
  let matrices = [0];
  let stride = 1;
  for (let axis = 1; axis <= batch.length; axis++) {
    const extent = own.at(-axis) ?? 1;
    const step = extent > 1 ? stride : 0;
    const inner = matrices;
    matrices = Array.from({ length: batch.at(-axis) ?? 1 }, (_, i) =>
      inner.map((matrix) => matrix + i * step),
    ).flat();
    stride *= extent;
  }
  return matrices;
}

function fastMatMul(stock: KernelFunc): KernelFunc {
  const transpose = getKernel('Transpose', 'wasm').kernelFunc;

  return ({ inputs, attrs, backend: opaque }) => {
    const backend = opaque as WasmInside;
    const scratch: TensorInfo[] = [];
    const upright = (x: TensorInfo, transposed: boolean): TensorInfo => {
      if (!transposed) return x;
      const perm = swapLastTwo(x.shape.length);
      const out = transpose({ inputs: { x }, attrs: { perm }, backend }) as TensorInfo;
      scratch.push(out);
      return out;
    };
    const multiply = (a: TensorInfo, b: TensorInfo) =>
      stock({
        inputs: { a, b },
        attrs: { transposeA: false, transposeB: false },
        backend,
      }) as TensorInfo;
    const { transposeA, transposeB } = attrs as { transposeA?: boolean; transposeB?: boolean };
    const a = upright(inputs['a'] as TensorInfo, transposeA === true);
    const b = upright(inputs['b'] as TensorInfo, transposeB === true);
    const [rows = 0, depth = 0] = a.shape.slice(-2);
    const columns = b.shape.at(-1) ?? 0;
    const batchA = a.shape.slice(0, -2);
    const batchB = b.shape.slice(0, -2);
    const batch = backend_util.assertAndGetBroadcastShape(batchA, batchB);
    const countA = util.sizeFromShape(batchA);
    const countB = util.sizeFromShape(batchB);
    const shape = [...batch, rows, columns];

    let out: TensorInfo;
    if (countB === 1) {
      const folded = { of: a, offset: 0, shape: [1, countA * rows, depth] };
      const shared = { of: b, offset: 0, shape: [1, depth, columns] };
      // Through aliases here, too: XNNPACK's packed copy goes by the right side's number alone, and
      // `reshape` keeps the number, so a copy that lives on is used for another shape.
      const product = withAlias(backend, [folded, shared], ([left, right]) =>
        multiply(left as TensorInfo, right as TensorInfo),
      );
      out = { ...product, shape };
    } else {
      out = backend.makeOutput(shape, 'float32');
      const size = rows * columns;
      const [fromA, fromB] = [matricesOf(batchA, batch), matricesOf(batchB, batch)];
      for (let i = 0; i < fromA.length; i++) {
        const parts = [
          { of: a, offset: (fromA[i] ?? 0) * rows * depth, shape: [1, rows, depth] },
          { of: b, offset: (fromB[i] ?? 0) * depth * columns, shape: [1, depth, columns] },
        ];
        const product = withAlias(backend, parts, ([left, right]) =>
          multiply(left as TensorInfo, right as TensorInfo),
        );
        const from = backend.dataIdMap.get(product.dataId).memoryOffset;
        const to = backend.dataIdMap.get(out.dataId).memoryOffset + i * size * FLOAT_BYTES;
        // The heap is looked up each time: it moves when the memory grows.
        backend.wasm.HEAPU8.copyWithin(to, from, from + size * FLOAT_BYTES);
        backend.disposeData(product.dataId);
      }
    }
    for (const info of scratch) backend.disposeData(info.dataId);
    return out;
  };
}

/** Registers the kernel; calling it again does nothing. */
export function registerFastMatMul(): void {
  replaceKernel('BatchMatMul', 'wasm', fastMatMul);
}
