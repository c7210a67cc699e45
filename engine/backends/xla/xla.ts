import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CaptureError } from '../../graph/native.js';
import type { Device } from '../../xla/device.js';
import { findPlugin } from './home.js';

/** Where NVIDIA's packages of pip have the compiler's own files, seen from their common folder. */
const CUDA_FOLDERS = ['nvidia/cu13', 'nvidia/cuda_nvcc'];

const isNvidia = (file: string) => /cuda/.test(file);

/** What a plugin from pip must be told besides; a user's own settings go first. */
function prepare(file: string): void {
  if (!isNvidia(file)) return;
  // The plugin would take every GPU and its memory; one is used.
  process.env['CUDA_VISIBLE_DEVICES'] ??= '0';
  // …/site/jax_plugins/xla_cuda13/xla_cuda_plugin.so
  const site = dirname(dirname(dirname(file)));
  const cuda = CUDA_FOLDERS.map((name) => join(site, name)).find((path) => existsSync(path));
  const flags = process.env['XLA_FLAGS'] ?? '';
  if (cuda !== undefined && !flags.includes('xla_gpu_cuda_data_dir'))
    process.env['XLA_FLAGS'] = `${flags} --xla_gpu_cuda_data_dir=${cuda}`.trim();
}

/** Options of NVIDIA's plugin: all but a tenth of the memory, taken at once so that it does not break into pieces. */
const NVIDIA_OPTIONS = { platform_name: 'cuda', allocator: 'default', preallocate: true, memory_fraction: 0.9 }; // prettier-ignore

/** A device for training, with what `doctor` says of it. */
export interface XlaDevice extends Device {
  /** Kinds of the devices, as `NVIDIA H100 80GB HBM3`; the first one is used. */
  readonly devices: readonly string[];
  /** Bytes. @throws XlaError where the plugin does not tell */
  memory(): {
    readonly used: number;
    readonly peak: number | undefined;
    readonly limit: number | undefined;
  };
  dispose(): void;
}

/**
 * Takes the device of a PJRT plugin.
 * @param file default the one that is set up
 * @throws Error saying why it cannot be used
 */
export async function openXla(file = findPlugin()?.file): Promise<XlaDevice> {
  if (file === undefined)
    throw new CaptureError('no plugin for XLA is set up; "avme setup --gpu" gets it');
  prepare(file);
  // Only who uses a plugin loads what calls it.
  const [{ Client }, { Plugin }] = await Promise.all([
    import('../../xla/pjrt/client.js'),
    import('../../xla/pjrt/plugin.js'),
  ]);
  return Client.create(Plugin.open(file), isNvidia(file) ? NVIDIA_OPTIONS : {});
}
