import * as tf from '@tensorflow/tfjs-core';
import { ADAMW_ON_DEVICE_KERNEL } from '../adamw-kernel.js';

/** The part of the native backend that the kernel needs. */
interface NativeBackend {
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_BOOL' | 'TF_ATTR_STRING' | 'TF_ATTR_SHAPE' | 'TF_FLOAT', number>>;
  executeMultipleOutputs(op: string, attributes: object[], inputs: tf.TensorInfo[], outputs: number): tf.Tensor[];
} // prettier-ignore

type Given = Readonly<
  Record<'weight' | 'gradient' | 'first' | 'second' | 'rootScale' | 'rate', tf.TensorInfo>
>;

/** Variables go by names that no other has: eager ones live in one place, whoever made them. */
let variables = 0;

/**
 * AdamW by `ResourceApplyAdam`: one pass over a weight and its moments, where operations one by one take a
 * dozen. The operation changes variables, so the values go into some that live no longer than this.
 */
const adamW: tf.KernelFunc = ({ inputs, attrs, backend: opaque }) => {
  const backend = opaque as NativeBackend;
  const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_STRING, TF_ATTR_SHAPE, TF_FLOAT } = backend.binding;
  const { weight, gradient, first, second, rootScale, rate } = inputs as unknown as Given;
  const { beta1, beta2, epsilon } = attrs as unknown as Record<'beta1' | 'beta2' | 'epsilon', number>; // prettier-ignore
  const run = (op: string, attributes: object[], given: tf.TensorInfo[], outputs: number) =>
    backend.executeMultipleOutputs(op, attributes, given, outputs);
  const dtype = { name: 'dtype', type: TF_ATTR_TYPE, value: TF_FLOAT };
  const type = { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT };
  const flag = (name: string, value: boolean) => ({ name, type: TF_ATTR_BOOL, value });
  const text = (name: string, value: string) => ({ name, type: TF_ATTR_STRING, value });
  const shape = { name: 'shape', type: TF_ATTR_SHAPE, value: weight.shape };

  const handles = [weight, first, second].map((value) => {
    const name = text('shared_name', `avme-adamw-${variables++}`);
    const [handle] = run('VarHandleOp', [text('container', ''), name, dtype, shape], [], 1) as [tf.Tensor]; // prettier-ignore
    run('AssignVariableOp', [dtype], [handle, value], 0);
    return handle;
  });
  // The operation has lr·√(1 − β₂ᵗ) / (1 − β₁ᵗ) and an ε beside the root as it is; with the powers at 0,
  // and rate and ε divided by rootScale, it is PyTorch's.
  const [none, b1, b2, e] = [0, beta1, beta2, epsilon].map((value) => tf.scalar(value)) as [tf.Scalar, tf.Scalar, tf.Scalar, tf.Scalar]; // prettier-ignore
  const [lr] = run('RealDiv', [type], [rate, rootScale], 1) as [tf.Tensor];
  const [small] = run('RealDiv', [type], [e, rootScale], 1) as [tf.Tensor];
  const settings = [type, flag('use_locking', false), flag('use_nesterov', false)];
  run('ResourceApplyAdam', settings, [...handles, none, none, lr, b1, b2, small, gradient], 0);
  const made = handles.flatMap((handle) => run('ReadVariableOp', [dtype], [handle], 1));
  for (const handle of handles)
    run('DestroyResourceOp', [flag('ignore_lookup_error', false)], [handle], 0);
  tf.dispose([...handles, none, b1, b2, e, lr, small]);
  return made;
};

/** Registers the kernel; calling it again does nothing. */
export function registerDeviceAdamW(): void {
  const kernelName = ADAMW_ON_DEVICE_KERNEL;
  // The types promise a kernel; there is none the first time.
  if ((tf.getKernel(kernelName, 'tensorflow') as tf.KernelConfig | undefined) === undefined)
    tf.registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc: adamW });
}
