import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { listBackends, useBackend, type BackendReport } from '../engine/backend.js';
import { findPlugin } from '../engine/backends/xla/home.js';
import { openXla } from '../engine/backends/xla/xla.js';
import { productRates } from '../engine/graph/product-rates.js';
import type { ProductType } from '../engine/graph/bfloat16.js';
import { ffmpegVersion, FFMPEG_PATH } from '../stages/ffmpeg/ffmpeg.js';
import { findLibav } from '../stages/libav/home.js';
import { tryLibav } from './setup-decoder.js';

/** What `avme doctor` finds out about a machine. */
export interface Diagnosis {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: { readonly total: number; readonly free: number };
  readonly ffmpeg: {
    readonly path: string;
    readonly version: string | null;
    readonly problem: string | null;
  };
  /** What preprocessing decodes a new cache with, and why. */
  readonly decoder: { readonly name: string; readonly reason: string };
  readonly gpus: readonly string[];
  readonly backends: readonly BackendReport[];
  /** XLA by way of a PJRT plugin, for training on a GPU. */
  readonly xla: { readonly available: boolean; readonly reason: string };
  /** GFLOP/s of large products on native TensorFlow; null where it is not there. */
  readonly products: Readonly<Record<ProductType, number>> | null;
  /** What to do next, the most useful first. */
  readonly advice: readonly string[];
}

const run = promisify(execFile);

async function findGpus(): Promise<string[]> {
  try {
    const { stdout } = await run(
      'nvidia-smi',
      ['--query-gpu=name,memory.total', '--format=csv,noheader'],
      { timeout: 10_000 },
    );
    return stdout.split('\n').filter((line) => line.trim() !== '');
  } catch {
    // No driver, no tool, or no card: for us all the same, no NVIDIA GPU that could be used.
    return [];
  }
}

async function findFfmpeg(): Promise<Diagnosis['ffmpeg']> {
  try {
    await access(FFMPEG_PATH, constants.X_OK);
    return { path: FFMPEG_PATH, version: await ffmpegVersion(), problem: null };
  } catch (error) {
    return { path: FFMPEG_PATH, version: null, problem: (error as Error).message };
  }
}

async function measureProducts(backends: readonly BackendReport[]): Promise<Diagnosis['products']> {
  if (backends.find(({ name }) => name === 'tensorflow')?.available !== true) return null;
  await useBackend('tensorflow');
  return productRates();
}

function advise(
  ffmpeg: Diagnosis['ffmpeg'],
  gpus: readonly string[],
  backends: readonly BackendReport[],
  xla: Diagnosis['xla'],
): string[] {
  const advice: string[] = [];
  const native = backends.find((backend) => backend.name === 'tensorflow');
  if (ffmpeg.problem !== null)
    advice.push(
      'ffmpeg does not run: reinstall with "npm rebuild @ffmpeg-installer/ffmpeg", or set AVME_FFMPEG to an ffmpeg of your own.',
    );
  if (gpus.length > 0 && !xla.available)
    advice.push(
      `To train on your GPU (${gpus.join(', ')}), run "avme setup --gpu", which gets XLA's plugin for it.`,
    );
  if (native?.available !== true)
    advice.push(
      'For about ten times the speed on the CPU, run "avme setup", which gets native TensorFlow. avme works without it.',
    );
  if (advice.length === 0) advice.push('Nothing to do: this machine is set up.');
  return advice;
}

async function findXla(): Promise<Diagnosis['xla']> {
  if (findPlugin() === undefined)
    return { available: false, reason: 'no plugin is set up; "avme setup --gpu" gets it' };
  try {
    const device = await openXla();
    const reason = `${device.devices[0] ?? ''} by ${device.platform}`;
    device.dispose();
    return { available: true, reason };
  } catch (error) {
    return { available: false, reason: (error as Error).message };
  }
}

async function findDecoder(): Promise<Diagnosis['decoder']> {
  const file = findLibav();
  const missing = 'libav is not set up; "avme setup --decoder" gets it, which is faster';
  if (process.env['AVME_FFMPEG'] !== undefined) return { name: 'ffmpeg', reason: 'AVME_FFMPEG names one' }; // prettier-ignore
  if (file === undefined) return { name: 'ffmpeg', reason: missing };
  try {
    return { name: 'libav', reason: `${await tryLibav(file)} (${file})` };
  } catch (error) {
    return { name: 'ffmpeg', reason: `libav does not load: ${(error as Error).message}` };
  }
}

/** Looks at the machine; changes nothing. */
export async function diagnose(): Promise<Diagnosis> {
  const [ffmpeg, gpus, backends] = await Promise.all([findFfmpeg(), findGpus(), listBackends()]);
  const xla = await findXla();
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    memory: { total: totalmem(), free: freemem() },
    ffmpeg,
    decoder: await findDecoder(),
    gpus,
    backends,
    xla,
    products: await measureProducts(backends),
    advice: advise(ffmpeg, gpus, backends, xla),
  };
}
