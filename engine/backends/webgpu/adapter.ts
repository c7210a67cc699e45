import { existsSync } from 'node:fs';

/** Packages that bring WebGPU; only those who want it install them, since they are large. */
export const WEBGPU_PACKAGES = ['webgpu', '@tensorflow/tfjs-backend-webgpu'] as const;

/** What is used here of WebGPU's own types, which come with the packages. */
export interface Adapter {
  readonly info: {
    readonly vendor: string;
    readonly architecture: string;
    readonly device: string;
    readonly description: string;
    readonly isFallbackAdapter?: boolean;
  };
}
interface Gpu {
  requestAdapter(options?: { powerPreference: 'high-performance' }): Promise<Adapter | null>;
}
interface Dawn {
  readonly create: (options: string[]) => Gpu;
  readonly globals: object;
}

/** A device that WebGPU computes on. */
export interface GpuDevice {
  readonly name: string;
  /** Computes on the processor: for tests, and slower than wasm. */
  readonly software: boolean;
}

export function describeAdapter({ info }: Adapter): GpuDevice {
  const { vendor, architecture, device, description } = info;
  const texts = [description, vendor, architecture, device];
  const software = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;
  return {
    name: texts.find((text) => text !== '') ?? 'a GPU without a name',
    software: info.isFallbackAdapter === true || texts.some((text) => software.test(text)),
  };
}

/** Where Linux has the devices that a GPU's driver serves: kernel's, NVIDIA's, Windows' in WSL. */
const DEVICES = ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'];

/**
 * Whether to look for a GPU at all. Dawn prints to stderr where Vulkan has no driver, and most servers
 * have none; a driver that was named in the environment is tried in any case.
 */
export function mayHaveGpu(): boolean {
  const { VK_ICD_FILENAMES: icd, VK_DRIVER_FILES: drivers } = process.env;
  if (process.platform !== 'linux' || icd !== undefined || drivers !== undefined) return true;
  return DEVICES.some((device) => existsSync(device));
}

/** Dawn's objects: what it computes lives no longer than they do. */
let dawn: { gpu: Gpu; adapter: Adapter } | undefined;

/**
 * The fastest GPU, by way of Dawn, the WebGPU of Chrome. Each device takes an adapter of its own.
 * @throws Error where there is none, or of the loader
 */
export async function findAdapter(): Promise<Adapter> {
  // A name that the compiler does not follow: the package is optional, and its types with it.
  const name: string = WEBGPU_PACKAGES[0];
  const { create, globals } = (await import(name)) as Dawn;
  if (!mayHaveGpu())
    throw new Error('no GPU has a device in /dev, and VK_DRIVER_FILES names no driver');
  Object.assign(globalThis, globals);
  const gpu = dawn?.gpu ?? create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null)
    throw new Error(`no GPU that Vulkan, Metal or Direct3D 12 has a driver for${process.platform === 'linux' ? ', or Vulkan itself is missing (Debian: apt install libvulkan1)' : ''}`); // prettier-ignore
  dawn = { gpu, adapter };
  return adapter;
}
