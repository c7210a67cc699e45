import * as tf from '@tensorflow/tfjs-core';
import { loadCpu } from './backends/cpu.js';
import { loadTensorflow } from './backends/tensorflow/tensorflow.js';
import { loadWasm } from './backends/wasm/wasm.js';
import { WEBGPU_PACKAGES } from './backends/webgpu/adapter.js';
import { loadWebgpu, startWebgpu, webgpuDevice } from './backends/webgpu/webgpu.js';

/** Backends, the fastest first. */
export const BACKENDS = ['tensorflow', 'webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Whether a backend can be used here, and why or why not. */
export interface BackendReport {
  readonly name: BackendName;
  readonly available: boolean;
  /** Whether `auto` may choose it: a GPU made of software is used only where it is asked for. */
  readonly automatic: boolean;
  readonly reason: string;
}

interface Rung {
  /** @throws Error where it cannot be used */
  readonly load: () => Promise<void>;
  /** What it is, once it was loaded. */
  readonly about: () => string;
  /** How to get it where it is not installed. */
  readonly install: string;
  /** Done when it becomes the one in use. */
  readonly start?: () => void;
  /** Whether it is worse, here, than those that come after it. */
  readonly lesser?: () => boolean;
}

const SETUP = '"avme setup"';

const LADDER: Record<BackendName, Rung> = {
  tensorflow: {
    load: loadTensorflow,
    about: () => 'native TensorFlow, on the GPU where there is one',
    install: SETUP,
  },
  webgpu: {
    load: loadWebgpu,
    about: () => `${webgpuDevice()?.name ?? 'a GPU'} through WebGPU${webgpuDevice()?.software === true ? ', a GPU made of software: slow, and used only where asked for' : ''}`,
    install: `"npm install ${WEBGPU_PACKAGES.join(' ')}"`,
    start: startWebgpu,
    lesser: () => webgpuDevice()?.software === true,
  },
  wasm: {
    load: loadWasm,
    about: () => 'embedded WebAssembly with SIMD; training uses all cores',
    install: SETUP,
  },
  cpu: {
    load: loadCpu,
    about: () => 'plain JavaScript, some twenty times slower than wasm: a last resort',
    install: SETUP,
  },
}; // prettier-ignore

/** Why a backend would not load, in words that help. */
function explain(name: BackendName, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (message.includes('gradients.cjs')) return 'the build is not complete; "npm run build" is';
  if (code === 'ERR_MODULE_NOT_FOUND') return `not installed; ${LADDER[name].install} gets it`;
  if (/tfjs_binding|napi/.test(message)) return 'installed, but its native library is missing';
  return `does not load: ${message.split('\n')[0] ?? ''}`;
}

/** TensorFlow.js greets and advises on the console as it loads; that is the commands' place. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { warn, log, info } = console;
  const ignore = () => undefined;
  Object.assign(console, { warn: ignore, log: ignore, info: ignore });
  try {
    return await work();
  } finally {
    Object.assign(console, { warn, log, info });
  }
}

/** Makes a loaded backend the one in use. @returns false where it does not come up */
async function start(name: BackendName): Promise<boolean> {
  if (!(await tf.setBackend(name))) return false;
  // The plain JavaScript backend greets with its first tensor, not as it loads.
  tf.scalar(0).dispose();
  LADDER[name].start?.();
  return true;
}

/** Loads a backend, without choosing it. @throws Error saying why it cannot be used */
async function load(name: BackendName): Promise<void> {
  if (!BACKENDS.includes(name))
    throw new Error(
      `there is no backend ${JSON.stringify(name)}; choose auto, ${BACKENDS.join(', ')}`,
    );
  try {
    await quietly(async () => {
      // The Node build of tfjs-core leaves its gradients out; the build bundles them from its sources.
      await import('./backends/gradients.cjs');
      await LADDER[name].load();
    });
  } catch (cause) {
    throw new Error(`backend ${name} cannot be used here: ${explain(name, cause)}`, { cause });
  }
}

/** Tries each backend. */
export async function listBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = [];
  for (const name of BACKENDS)
    try {
      await load(name);
      reports.push({
        name,
        available: true,
        reason: LADDER[name].about(),
        automatic: LADDER[name].lesser?.() !== true,
      });
    } catch (error) {
      reports.push({ name, available: false, automatic: false, reason: explain(name, (error as Error).cause) }); // prettier-ignore
    }
  return reports;
}

/**
 * Chooses the backend that everything runs on from here.
 * @param wanted a backend's name, or `auto` for the fastest that is there
 * @returns the name of the one chosen
 * @throws Error when it does not exist or cannot be used here
 */
export async function useBackend(wanted: BackendName | 'auto'): Promise<BackendName> {
  for (const name of wanted === 'auto' ? BACKENDS : [wanted])
    try {
      await load(name);
      if (wanted === 'auto' && LADDER[name].lesser?.() === true) continue;
      if (await quietly(() => start(name))) return name;
      throw new Error(`backend ${name} does not start`);
    } catch (error) {
      if (name === wanted || name === 'cpu') throw error;
    }
  throw new Error('no backend can be used here; run "avme doctor" to see why');
}
