import * as tf from '@tensorflow/tfjs-core';

/** What TensorFlow's C API says of a tensor that it holds; `dtype` by TensorFlow's numbers. */
export interface Held {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** An attribute as the backend gives it to an operation. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The values of a new tensor. */
export type RawValues = Float32Array | Int32Array | Uint8Array | Uint8Array[];

/** What of the native library's methods is used here. */
export interface Binding {
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: number[], dtype: number, values: RawValues): number;
  deleteTensor(id: number): void;
  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): Held[];
  loadSavedModel(folder: string, tags: string): number;
  runSavedModel(session: number, inputs: number[], inputNames: string, outputNames: string): Held[];
  deleteSavedModel(session: number): void;
}

/** What of TensorFlow.js' native backend is used here. */
export interface NativeBackend {
  binding: Binding;
  readonly tensorMap: { get(dataId: object): { readonly values: unknown } };
  readSync(dataId: object): unknown;
  write(values: unknown, shape: number[], dtype: tf.DataType): object;
  /** Numbers of tensors in TensorFlow; values that wait are handed over by it. */
  getInputTensorIds(tensors: tf.TensorInfo[]): number[];
  createOutputTensor(held: Held): tf.Tensor;
}

/** Why a computation cannot be captured. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
}

/** Whether the backend in use is native TensorFlow, which alone can run captured graphs. */
export const canCapture = (): boolean => tf.getBackend() === 'tensorflow';

/** @throws CaptureError where another backend is in use */
export function nativeBackend(): NativeBackend {
  if (!canCapture())
    throw new CaptureError(
      `graphs run on native TensorFlow only, and the backend is ${tf.getBackend()}`,
    );
  return tf.backend() as unknown as NativeBackend;
}
