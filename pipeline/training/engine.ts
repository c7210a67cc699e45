import { BACKENDS, useBackend } from '../../engine/backend.js';
import { findPlugin } from '../../engine/backends/xla/home.js';
import { openXla, type XlaDevice } from '../../engine/backends/xla/xla.js';
import type { Precision } from '../../engine/xla/precision.js';
import {
  choosePrecision,
  type CaptureChoice,
  type PrecisionChoice,
} from '../../stages/train/runner.js';

/** What can train: every backend, and XLA on a GPU, by which whole steps run as programs. */
export const TRAINING_BACKENDS = ['xla', ...BACKENDS] as const;
export type TrainingBackend = (typeof TRAINING_BACKENDS)[number];

/** What is asked of whatever computes a run. */
export interface EngineChoice {
  /** Default `auto`. */
  readonly backend?: TrainingBackend | 'auto';
  /** Whether steps run as graphs; default `auto`: on native TensorFlow. */
  readonly capture?: CaptureChoice | undefined;
  /** What matrices are multiplied in; default float32. bfloat16 needs steps that run as graphs, tf32 XLA. */
  readonly precision?: PrecisionChoice | Precision | undefined;
}

/** What computes a run. */
export interface Engine {
  readonly backend: TrainingBackend;
  readonly precision: Precision;
  /** Of XLA; whoever has it leaves it. */
  readonly device?: XlaDevice | undefined;
}

/**
 * XLA on a GPU, with WebAssembly beside it for what is no step.
 * @throws Error saying why it cannot be used
 */
async function chooseXla(precision: PrecisionChoice | Precision = 'float32'): Promise<Engine> {
  const device = await openXla();
  await useBackend('wasm');
  return { backend: 'xla', precision: precision === 'auto' ? 'bfloat16' : precision, device };
}

/** @throws Error where the backend cannot be used here, or not in that precision */
export async function chooseEngine({ backend, capture, precision }: EngineChoice): Promise<Engine> {
  if (backend === 'xla') return chooseXla(precision);
  const automatic = backend === undefined || backend === 'auto';
  // Who set a plugin up wants it used, and hears why where it fails.
  if (automatic && capture !== false && findPlugin() !== undefined) return chooseXla(precision);
  return {
    backend: await useBackend(backend ?? 'auto'),
    precision: choosePrecision(precision, capture),
  };
}
