import type { Program } from './program.js';
import type { TensorType } from './types.js';

/** Values on the host, as dense rows. */
export type HostValues = Float32Array | Int32Array | Uint8Array | Uint32Array;

/** A tensor on a device. Whoever has it frees it, unless a program took its memory over. */
export interface DeviceTensor {
  readonly type: TensorType;
  /** Copies it to the host. */
  read(): Promise<ArrayBuffer>;
  /** Frees it; calling it again does nothing. */
  dispose(): void;
}

/** A program that a device has compiled. */
export interface DeviceProgram<T extends DeviceTensor> {
  readonly program: Program;
  /**
   * Starts a run; results are there to be passed on at once, and reading one waits for it.
   * @param given in the order of the program's arguments; those that are donated are gone after it
   * @returns in the order of the program's results, the caller's to free
   */
  run(given: readonly T[]): T[];
  dispose(): void;
}

/** What runs programs: a GPU by way of a PJRT plugin. */
export interface Device<T extends DeviceTensor = DeviceTensor> {
  /** As `cuda`, with the plugin's own version behind it. */
  readonly platform: string;
  /** Copies values to the device; they are the caller's again when this returns. */
  upload(values: HostValues, type: TensorType): T;
  /** Compiles a program, which takes seconds to minutes; on another thread. */
  compile(program: Program): Promise<DeviceProgram<T>>;
}
