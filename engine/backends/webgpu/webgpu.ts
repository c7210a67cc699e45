import * as tf from '@tensorflow/tfjs-core';
import { describeAdapter, findAdapter, WEBGPU_PACKAGES, type GpuDevice } from './adapter.js';
import { registerWebgpuKernels } from './kernels.js';
import { sendSmallByQueue, type UploadingBackend } from './uploads.js';

/** What of the backend's own object we rely on. */
interface WebgpuBackend extends UploadingBackend {
  readonly device: {
    onuncapturederror: ((event: { error: { message: string } }) => void) | null;
    readonly lost: Promise<{ reason: string; message: string }>;
  };
  read(dataId: object): Promise<unknown>;
}

let found: GpuDevice | undefined;

/** The GPU that the loaded backend computes on. */
export function webgpuDevice(): GpuDevice | undefined {
  return found;
}

/** TensorFlow.js looks for WebGPU where browsers have it. Node 20 has no such object, later ones have. */
function offer(gpu: object): void {
  const place = (globalThis as { navigator?: object }).navigator ?? {};
  Object.defineProperty(place, 'gpu', { value: gpu, configurable: true });
  if (!('navigator' in globalThis))
    Object.defineProperty(globalThis, 'navigator', { value: place, configurable: true });
}

/**
 * Makes what goes wrong on the GPU an error of the next value that is read: WebGPU itself only tells
 * those who listen, and goes on with zeros.
 */
function watchErrors(backend: WebgpuBackend): void {
  let problem: string | undefined;
  backend.device.onuncapturederror = ({ error }) => (problem ??= error.message.split('\n')[0] ?? '');
  void backend.device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') problem ??= message;
  });
  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    const values = await read(dataId);
    if (problem === undefined) return values;
    throw new Error(`the GPU cannot go on: ${problem}; a smaller --batch helps where its memory was too small`);
  };
} // prettier-ignore

/**
 * Loads WebGPU by way of Dawn: GPUs of any maker, through Vulkan, Metal or Direct3D 12.
 * @throws Error of the packages or of the loader, or where there is no GPU
 */
export async function loadWebgpu(): Promise<void> {
  if (found !== undefined) return;
  const adapter = await findAdapter();
  offer({ requestAdapter: () => Promise.resolve(adapter) });
  const name: string = WEBGPU_PACKAGES[1];
  await import(name);
  registerWebgpuKernels();
  found = describeAdapter(adapter);
}

/** Called once the backend is the one in use. */
export function startWebgpu(): void {
  const backend = tf.backend() as unknown as WebgpuBackend;
  if (backend.device.onuncapturederror !== null) return;
  watchErrors(backend);
  sendSmallByQueue(backend);
}
