import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { BACKENDS, useBackend, type BackendName } from '../../engine/backend.js';
import { FULL, LONG } from './slow.js';

/** Debian's chromium brings a GPU made of software, on which WebGPU runs anywhere. */
const SOFTWARE_GPU = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** By way of Vulkan's own library, a package of its own. */
const hasVulkan = ['/usr/lib', '/usr/lib64', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'].some((folder) =>
  existsSync(`${folder}/libvulkan.so.1`),
); // prettier-ignore

/** What a process needs to find it; nothing where another driver is named or it is not there. */
export const SOFTWARE_GPU_ENVIRONMENT: Readonly<Record<string, string>> =
  process.env['VK_ICD_FILENAMES'] === undefined && existsSync(SOFTWARE_GPU) && hasVulkan
    ? { VK_ICD_FILENAMES: SOFTWARE_GPU }
    : {};

/** Chooses a backend; WebGPU may be the one made of software. Commands that tests start find it not. */
async function choose(backend: BackendName): Promise<void> {
  if (backend === 'webgpu') Object.assign(process.env, SOFTWARE_GPU_ENVIRONMENT);
  try {
    await useBackend(backend);
  } finally {
    if (backend === 'webgpu')
      for (const name of Object.keys(SOFTWARE_GPU_ENVIRONMENT)) Reflect.deleteProperty(process.env, name);
  }
} // prettier-ignore

/** Runs a suite on one backend; where that is not on this machine, it is skipped in plain sight. */
function suiteOn(backend: BackendName, name: string, suite: (backend: BackendName) => void): void {
  describe(`${name} on ${backend}`, function () {
    before(async function () {
      // Native TensorFlow takes seconds to load on a machine that has other work.
      this.timeout(60_000);
      try {
        await choose(backend);
      } catch {
        this.skip();
      }
    });
    beforeEach(() => {
      tf.engine().startScope();
    });
    afterEach(() => {
      tf.engine().endScope();
    });
    suite(backend);
  });
}

/** A suite on one backend; native TensorFlow and WebGPU, which not every machine has, in the full run alone. */
export function onBackend(
  backend: BackendName,
  name: string,
  suite: (backend: BackendName) => void,
): void {
  if (FULL || backend === 'wasm' || backend === 'cpu') suiteOn(backend, name, suite);
  else it.skip(`${name} on ${backend}`);
}

/** Runs a suite once on each backend that gives values at once. */
export function onEachBackend(name: string, suite: (backend: BackendName) => void): void {
  for (const backend of BACKENDS) if (backend !== 'webgpu') onBackend(backend, name, suite);
}

/** The same for whole models: plain JavaScript, which takes twenty times as long, in the full run alone. */
export function modelOnEachBackend(name: string, suite: (backend: BackendName) => void): void {
  for (const backend of BACKENDS)
    if (backend === 'cpu' && !FULL) it.skip(`${name} on ${backend}`);
    else if (backend !== 'webgpu') onBackend(backend, name, suite);
}

/** Whether tests on a backend take minutes here: a GPU made of software compiles every shader for seconds. */
export const isSlow = (backend: BackendName): boolean =>
  backend === 'webgpu' && Object.keys(SOFTWARE_GPU_ENVIRONMENT).length > 0 && !LONG;

/** Runs a suite that waits for the values it reads once on each backend. */
export function onEveryBackend(name: string, suite: (backend: BackendName) => void): void {
  for (const backend of BACKENDS) onBackend(backend, name, suite);
}

/** The same, but skipped in plain sight where {@link isSlow}. */
export function onEveryQuickBackend(name: string, suite: (backend: BackendName) => void): void {
  for (const backend of BACKENDS)
    if (isSlow(backend)) it.skip(`${name} on ${backend}: on a GPU made of software with AVME_LONG=1`);
    else onBackend(backend, name, suite);
} // prettier-ignore
