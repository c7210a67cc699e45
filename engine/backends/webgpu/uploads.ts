import * as tf from '@tensorflow/tfjs-core';

/** Tensors of up to so many values are handed to the queue; a mapped buffer pays off beyond. */
const SMALL = 4096;

/** Dispatches that are submitted together: half the calls' time is submitting at the stock 15. */
const SUBMITTED = 64;

/** WebGPU's flags of a buffer that shaders use, and that is copied from and to. */
const STORAGE = 0x80 | 0x04 | 0x08;

interface TensorData {
  readonly dtype: tf.DataType;
  resource: object | null;
  values: ArrayLike<number> | null | undefined;
}

/** What of the backend's own object uploads need. */
export interface UploadingBackend {
  readonly queue: { writeBuffer(buffer: object, offset: number, data: ArrayBufferView): void };
  readonly bufferManager: { acquireBuffer(size: number, usage: number): object };
  readonly tensorMap: { get(dataId: object): TensorData };
  uploadToGPU(dataId: object): void;
}

/**
 * Sends small tensors, such as a step's scalars, through the queue. The stock backend maps a staging
 * buffer for each, and ends the pass for the copy: 1,927 buffers a training step of ViT-S.
 */
export function sendSmallByQueue(backend: UploadingBackend): void {
  tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', SUBMITTED);
  const stock = backend.uploadToGPU.bind(backend);
  backend.uploadToGPU = (dataId) => {
    const data = backend.tensorMap.get(dataId);
    const { values, dtype } = data;
    const numbers = dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
    if (data.resource != null || !values?.length || values.length > SMALL || !numbers) {
      stock(dataId);
      return;
    }
    const bytes = dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
    const buffer = backend.bufferManager.acquireBuffer(bytes.byteLength, STORAGE);
    backend.queue.writeBuffer(buffer, 0, bytes);
    data.values = null;
    data.resource = buffer;
  };
}
