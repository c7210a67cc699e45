import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { listBackends, useBackend, type BackendReport } from '../engine/backend.js';
import { productRates } from '../engine/graph/product-rates.js';
import type { ProductType } from '../engine/graph/bfloat16.js';
import { ffmpegVersion, FFMPEG_PATH } from '../stages/ffmpeg/ffmpeg.js';

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
  readonly gpus: readonly string[];
  readonly backends: readonly BackendReport[];
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
): string[] {
  const advice: string[] = [];
  const native = backends.find((backend) => backend.name === 'tensorflow');
  if (ffmpeg.problem !== null)
    advice.push(
      'ffmpeg does not run: reinstall with "npm rebuild @ffmpeg-installer/ffmpeg", or set AVME_FFMPEG to an ffmpeg of your own.',
    );
  if (native?.available !== true)
    advice.push(
      `For about ten times the speed, run "avme setup${gpus.length > 0 ? ' --gpu' : ''}", which gets native TensorFlow${
        gpus.length > 0 ? `; your GPU (${gpus.join(', ')}) is idle without it` : ''
      }. avme works without it.`,
    );
  if (advice.length === 0) advice.push('Nothing to do: this machine is set up.');
  return advice;
}

/** Looks at the machine; changes nothing. */
export async function diagnose(): Promise<Diagnosis> {
  const [ffmpeg, gpus, backends] = await Promise.all([findFfmpeg(), findGpus(), listBackends()]);
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    memory: { total: totalmem(), free: freemem() },
    ffmpeg,
    gpus,
    backends,
    products: await measureProducts(backends),
    advice: advise(ffmpeg, gpus, backends),
  };
}
