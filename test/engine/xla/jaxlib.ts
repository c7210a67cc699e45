import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Program } from '../../../engine/xla/program.js';
import type { HostValues } from '../../../engine/xla/device.js';
import { sizeOf } from '../../../engine/xla/types.js';
import { usePython } from '../../support/python.js';

type Values = HostValues;

/** Values of arguments by names; those that are donated, or stay as they are, are given once. */
export type StepInputs = Readonly<Record<string, Values>>;

/** Results by names. */
export type StepResults = Readonly<Record<string, Float32Array | Int32Array>>;

/** Runs a program once for each of `steps`; the results of one step go into the next as the program donates. */
export type RunProgram = (program: Program, steps: readonly StepInputs[]) => StepResults[];

// The script stays with the sources; tests run from dist/test/engine/xla.
const SCRIPT = fileURLToPath(
  new URL('../../../../test/engine/xla/run-program.py', import.meta.url),
);

function write(folder: string, program: Program, steps: readonly StepInputs[]): void {
  const types = new Map(program.arguments.map(({ name, type }) => [name, type]));
  const parts: Values[] = [];
  let offset = 0;
  const place = (name: string, values: Values) => {
    const type = types.get(name);
    if (type === undefined) throw new Error(`the program has no argument ${name}`);
    const entry = { type: type.element, shape: type.shape, offset };
    parts.push(values);
    offset += values.byteLength;
    return [name, entry] as const;
  };
  const job = {
    arguments: [...types.keys()],
    donated: Object.fromEntries(
      program.arguments.flatMap(({ name, aliases }) => (aliases === undefined ? [] : [[name, aliases]])),
    ),
    steps: steps.map((step) => Object.fromEntries(Object.entries(step).map(([name, values]) => place(name, values)))),
  }; // prettier-ignore
  writeFileSync(join(folder, 'program.mlir'), program.text);
  writeFileSync(join(folder, 'job.json'), JSON.stringify(job));
  writeFileSync(
    join(folder, 'data.bin'),
    Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))),
  ); // prettier-ignore
}

function read(folder: string, { results }: Program, steps: number): StepResults[] {
  const bytes = readFileSync(join(folder, 'results.bin'));
  let offset = 0;
  return Array.from({ length: steps }, () =>
    Object.fromEntries(
      results.map(({ name, type: { element, shape } }) => {
        const size = sizeOf(shape);
        const width = element === 'i1' ? 1 : 4;
        const part = new Uint8Array(bytes.subarray(offset, (offset += size * width)));
        const values = element === 'i1' ? Int32Array.from(part) : element === 'f32' ? new Float32Array(part.buffer) : new Int32Array(part.buffer); // prettier-ignore
        return [name, values] as const;
      }),
    ),
  );
}

/** Gives a suite XLA for the CPU, as jaxlib brings it; without it the suite is skipped in plain sight. */
export function useXla(): RunProgram {
  const python = usePython('jax', 'jaxlib', 'numpy');
  return (program, steps) => {
    const folder = mkdtempSync(join(tmpdir(), 'avme-xla-'));
    try {
      write(folder, program, steps);
      python(readFileSync(SCRIPT, 'utf8'), folder);
      return read(folder, program, steps.length);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}
