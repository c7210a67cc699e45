import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type {
  Device,
  DeviceProgram,
  DeviceTensor,
  HostValues,
} from '../../../engine/xla/device.js';
import type { Program } from '../../../engine/xla/program.js';
import type { TensorType } from '../../../engine/xla/types.js';
import { findPython } from '../../support/python.js';

// The script stays with the sources; tests run from dist/test/engine/xla.
const SCRIPT = fileURLToPath(new URL('../../../../test/engine/xla/jax-device.py', import.meta.url));

interface Reply {
  readonly seq: number;
  readonly bytes: number;
  readonly error?: string;
  readonly tensors?: number;
}

class Tensor implements DeviceTensor {
  gone = false;

  constructor(
    private readonly device: JaxDevice,
    readonly id: number,
    readonly type: TensorType,
  ) {}

  async read(): Promise<ArrayBuffer> {
    const { payload } = await this.device.ask({ op: 'read', id: this.id });
    return new Uint8Array(payload).buffer;
  }

  dispose(): void {
    if (!this.gone) this.device.tell({ op: 'free', id: this.id });
    this.gone = true;
  }
}

/** XLA on the CPU as a device: a Python with jaxlib at the other end of a pipe. */
export class JaxDevice implements Device<Tensor> {
  readonly platform = 'jaxlib on the CPU';
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting = new Map<number, { resolve: (answer: { reply: Reply; payload: Buffer }) => void; reject: (error: Error) => void }>(); // prettier-ignore
  #next = 0;
  #unread = Buffer.alloc(0);

  constructor(python: string) {
    this.#child = spawn(python, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      this.#answer();
    });
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Python has ended'));
    });
  }

  #answer(): void {
    while (this.#unread.length >= 4) {
      const length = this.#unread.readUInt32LE();
      if (this.#unread.length < 4 + length) return;
      const reply = JSON.parse(this.#unread.toString('utf8', 4, 4 + length)) as Reply;
      const end = 4 + length + reply.bytes;
      if (this.#unread.length < end) return;
      const payload = this.#unread.subarray(4 + length, end);
      this.#unread = this.#unread.subarray(end);
      const waiting = this.#waiting.get(reply.seq);
      this.#waiting.delete(reply.seq);
      if (reply.error === undefined) waiting?.resolve({ reply, payload });
      else waiting?.reject(new Error(reply.error));
    }
  }

  tell(message: object, payload: Uint8Array = new Uint8Array()): void {
    const text = Buffer.from(JSON.stringify({ ...message, bytes: payload.byteLength }));
    const head = Buffer.alloc(4);
    head.writeUInt32LE(text.length);
    this.#child.stdin.write(Buffer.concat([head, text, payload]));
  }

  ask(message: object, payload?: Uint8Array): Promise<{ reply: Reply; payload: Buffer }> {
    const seq = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(seq, { resolve, reject });
      this.tell({ ...message, seq }, payload);
    });
  }

  upload({ buffer, byteOffset, byteLength }: HostValues, type: TensorType): Tensor {
    const id = this.#next++;
    const payload = new Uint8Array(buffer, byteOffset, byteLength);
    this.tell({ op: 'upload', id, type: type.element, shape: type.shape }, payload);
    return new Tensor(this, id, type);
  }

  async compile(program: Program): Promise<DeviceProgram<Tensor>> {
    const id = this.#next++;
    await this.ask({ op: 'compile', id }, Buffer.from(program.text));
    return {
      program,
      run: (given) => {
        const results = program.results.map(({ type }) => new Tensor(this, this.#next++, type));
        const ids = (tensors: readonly Tensor[]) => tensors.map((one) => one.id);
        this.tell({ op: 'run', id, given: ids(given), results: ids(results) });
        program.arguments.forEach(({ aliases }, i) => {
          if (aliases !== undefined) given[i]?.dispose();
        });
        return results;
      },
      dispose: () => undefined,
    };
  }

  /** Tensors that are not freed. */
  async alive(): Promise<number> {
    const { reply } = await this.ask({ op: 'alive' });
    return reply.tensors ?? NaN;
  }

  close(): void {
    this.#child.stdin.end();
  }
}

/** Gives a suite such a device; without jaxlib the suite is skipped in plain sight. */
export function useJaxDevice(): () => JaxDevice {
  let device: JaxDevice | undefined;
  before(function () {
    const python = findPython(['jax', 'jaxlib', 'numpy']);
    if (python === undefined) this.skip();
    device = new JaxDevice(python);
  });
  after(() => {
    device?.close();
  });
  return () => device as JaxDevice;
}
