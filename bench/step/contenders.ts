import type { OperationTime } from './profile.js';
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cosineWithWarmup } from '../../model/optim/schedule.js';
import { writeSafetensors } from '../../model/weights/safetensors.js';
import { planTraining } from '../../stages/train/training-options.js';
import { batchOf, configOf } from '../../test/support/step-model.js';
import { OPTIONS, STEPS, weightsOf, type Asked, type Measured, type Mode } from './process.js';

/** A way to take a step, in a process that waits between its turns. */
export interface Contender {
  readonly name: string;
  readonly about: string;
  /** @param number of the step, from 0, each once and in order */
  step(number: number): Promise<Measured>;
  /** GFLOP/s of products in a loop; undefined where that is not asked for. */
  rate(): Promise<number | undefined>;
  /** What the kinds of operations take, the mean of some steps; empty where that is not known. */
  profile(steps: number): Promise<readonly OperationTime[]>;
  close(): void;
}

export interface Common {
  readonly size: string;
  readonly variant: string;
  readonly clips: number;
  readonly threads: number;
}

/** @throws Error where its backend cannot be used */
export async function ownContender(mode: Mode, { size, variant, clips, threads }: Common): Promise<Contender> {
  const file = fileURLToPath(new URL('process.js', import.meta.url));
  const env = { ...process.env, TF_NUM_INTRAOP_THREADS: String(threads) };
  const child = fork(file, [mode, size, variant, String(clips)], { env, stdio: ['ignore', 'inherit', 'ignore', 'ipc'] });
  const ended = once(child, 'exit').then(() => {
    throw new Error('its process ended; it cannot be used here, or its memory did not do');
  });
  ended.catch(() => undefined);
  const heard = async <T>(): Promise<T> => ((await Promise.race([once(child, 'message'), ended])) as [T])[0];
  const ask = async <T>(asked: Asked): Promise<T> => {
    const answer = heard<T>();
    child.send(asked);
    return answer;
  };
  const { parameters } = await heard<{ parameters: number }>();
  return {
    name: mode,
    about: `${(parameters / 1e6).toFixed(1)} M parameters`,
    step: (step) => ask({ step }),
    rate: () => ask({ rate: true }),
    profile: (profile) => ask({ profile }),
    close: () => void child.kill(),
  };
} // prettier-ignore

/** @throws Error where there is no such Python, or it has no torch */
function versionOf(python: string, script: string): string {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'];
    return execFileSync(python, [script, '--probe'], { encoding: 'utf8', stdio }).trim();
  } catch {
    throw new Error(`${python} cannot import torch; name another with --python or AVME_PYTHON`);
  }
}

/** PyTorch's ways: to the letter of the original, its fastest, and that under autocast. */
const TORCH_KINDS = { torch: 'plain', 'torch-sdpa': 'sdpa', 'torch-bfloat16': 'bfloat16' } as const;
export type TorchName = keyof typeof TORCH_KINDS;

/** PyTorch's step. @throws Error where there is no Python with torch, or it stops */
export async function torchContender(
  name: TorchName,
  python: string,
  { size, variant, clips, threads }: Common,
): Promise<Contender> {
  if (!(name in TORCH_KINDS)) throw new Error('there is no way of this name');
  if (variant !== 'v') throw new Error('only VideoMAE (--variant v) is written in PyTorch here');
  const script = fileURLToPath(new URL('../../../bench/peers/step.py', import.meta.url));
  const version = versionOf(python, script);
  const config = configOf(size, variant);
  const folder = mkdtempSync(join(tmpdir(), 'avme-step-'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const weights = weightsOf(size, variant).map(({ name, shape, data }) => [name, { shape, data }] as const);
  await writeSafetensors(join(folder, 'weights.safetensors'), new Map(weights));
  const files = ['config.json', 'weights.safetensors'].map((file) => join(folder, file));
  const child = spawn(python, [script, ...files, String(threads), TORCH_KINDS[name]], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const hear = async <T>(): Promise<T> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${python} ended; it needs the module torch`);
    return JSON.parse(line.value) as T;
  };
  const failed = once(child, 'error').then(([error]: Error[]) => { throw error ?? new Error(python); });
  failed.catch(() => undefined);
  try {
    const { parameters } = await Promise.race([hear<{ parameters: number }>(), failed]);
    const plan = planTraining(OPTIONS, STEPS);
    const ask = <T>(number: number, profile: boolean): Promise<T> => {
      const masked = [...batchOf(config, clips, number).masked];
      const lr = cosineWithWarmup(number, plan);
      child.stdin.write(`${JSON.stringify({ number, clips, lr, masked, profile })}\n`);
      return hear();
    };
    return {
      name,
      about: `${(parameters / 1e6).toFixed(1)} M parameters, ${version}`,
      step: (number) => ask(number, false),
      rate: () => Promise.resolve(undefined),
      profile: () => ask(STEPS, true),
      close: () => void child.kill(),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
} // prettier-ignore
