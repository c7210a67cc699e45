import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { killGroup, watchMemory } from '../ffmpeg/group.js';
import { endsWithUs } from '../ffmpeg/orphans.js';
import type { RunContext } from '../probe/video-index.js';
import type { Answer, Message, Task } from './messages.js';
import { openShared } from './shared-file.js';

const PROGRAM = fileURLToPath(new URL('./child/worker.js', import.meta.url));
/** What Node itself may take beside libav, bytes. */
const OWN_MEMORY = 2 ** 28;
/** Tasks after which a child is replaced, whatever a library may have leaked. */
const MAX_TASKS = 1000;
/** A child that cannot be started so often in a row is not tried any more. */
const MAX_STARTS = 3;
/** More complaints than this are those of a decoder that does not come to an end. */
const MAX_LOG = 1 << 24;
const LOOK_MS = 250;
/** Loading takes a tenth of a second; on a busy machine or a slow disk a few. */
const MAX_LOAD_MS = 60_000;

/** What a task may take, and how to stop it. */
export type Limits = Pick<RunContext, 'timeout' | 'memory' | 'signal'>;

/** How a task ended: with an answer, or because its child ended. */
export type Outcome = Answer | { readonly ended: string; readonly crashed: boolean };

interface Request {
  readonly task: Task;
  readonly limits: Limits;
  readonly settle: (outcome: Outcome, shared: number) => void;
  readonly fail: (reason: unknown) => void;
}

/** A limit that the system keeps, where it has one. */
function command(binding: string, gib: number): [string, string[]] {
  const node = [process.execPath, PROGRAM, binding];
  if (process.platform === 'win32') return [process.execPath, node.slice(1)];
  const kib = Math.ceil((gib * 2 ** 30 + OWN_MEMORY) / 1024);
  return ['/bin/sh', ['-c', `ulimit -d ${kib}; exec "$@"`, 'sh', ...node]];
}

/** A child that decodes, and the next one when it has ended. One task at a time; the others wait. */
export class Member {
  readonly #waiting: Request[] = [];
  #current: Request | null = null;
  #child: ChildProcess | null = null;
  #shared = -1;
  #log = -1;
  #isReady = false;
  #tasks = 0;
  #failedStarts = 0;
  /** Why the child was killed. */
  #why: string | null = null;
  #rest: () => void = () => undefined;
  #closed = false;
  #onHello: (version: string, problem: string | null) => void = () => undefined;

  constructor(
    private readonly binding: string,
    private readonly memory: number,
  ) {}

  get load(): number {
    return this.#waiting.length + (this.#current === null ? 0 : 1);
  }

  /**
   * @param read is given the answer and the descriptor of the file with its frames, before the next
   *   task may overwrite them
   * @throws the signal's reason when aborted
   */
  ask<T>(task: Task, limits: Limits, read: (outcome: Outcome, shared: number) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome, shared: number) => {
        try {
          resolve(read(outcome, shared));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#waiting.push({ task, limits, settle, fail: reject });
      this.#next();
    });
  }

  /**
   * Starts its child.
   * @returns libav's version
   * @throws Error saying why it does not load
   */
  hello(): Promise<string> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#failedStarts = MAX_STARTS;
        if (this.#child !== null) killGroup(this.#child);
        this.#onHello('', `it did not load within ${MAX_LOAD_MS / 1000} s`);
      }, MAX_LOAD_MS);
      this.#onHello = (version, problem) => {
        this.#onHello = () => undefined;
        clearTimeout(late);
        if (problem === null) resolve(version);
        else reject(new Error(problem));
        this.#idle();
      };
      this.#start();
      this.#child?.ref();
      this.#child?.channel?.ref();
    });
  }

  /** Starts a child, where there is none. */
  #start(): void {
    if (this.#child !== null || this.#closed) return;
    this.#shared = openShared();
    this.#log = openShared(true);
    const [program, args] = command(this.binding, this.memory);
    // In a group of its own: it is killed whole, and Ctrl-C on a terminal reaches us alone.
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'ignore', this.#log, this.#shared, 'ipc'],
      serialization: 'advanced',
      // No option that this Node has from its environment concerns it.
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    this.#child = child;
    endsWithUs(child);
    child.on('message', (message) => { this.#hear(message as Message); }); // prettier-ignore
    // Its end says what there is to say; one that could not be started has none.
    child.on('error', () => { if (child.pid === undefined) this.#ended(child, 'it cannot be started'); }); // prettier-ignore
    child.on('exit', (code, signal) => { this.#ended(child, signal ?? `code ${code}`); }); // prettier-ignore
    this.#idle();
  }

  /** Ends it for good; resolves once its child is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (child?.pid === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.ref();
    killGroup(child);
    await gone;
  }

  /** Ends its child between two tasks; another one is started in its place at once. */
  #replace(): void {
    const child = this.#child;
    if (child === null) return;
    this.#drop();
    killGroup(child);
    this.#start();
  }

  /** Nothing waits for a child that has nothing to do. */
  #idle(): void {
    if (this.load > 0) return;
    this.#child?.unref();
    this.#child?.channel?.unref();
  }

  #hear(message: Message): void {
    if ('failed' in message) {
      // It will be the same with the next one.
      this.#failedStarts = MAX_STARTS;
      this.#onHello('', message.failed);
      if (this.#child !== null) killGroup(this.#child);
    } else if ('ready' in message) {
      this.#isReady = true;
      this.#failedStarts = 0;
      this.#onHello(message.ready, null);
      this.#next();
    } else this.#settle(message);
  }

  #settle(outcome: Answer): void {
    const request = this.#current;
    if (request === null) return;
    this.#rest();
    request.settle(outcome, this.#shared);
    this.#current = null;
    const suspect = 'refusal' in outcome && outcome.suspect;
    if (++this.#tasks >= MAX_TASKS || suspect) this.#replace();
    this.#idle();
    this.#next();
  }

  #next(): void {
    if (this.#current !== null || this.#waiting.length === 0) return;
    if (this.#closed || this.#failedStarts >= MAX_STARTS) {
      for (const { settle } of this.#waiting.splice(0)) settle({ ended: 'it cannot be started', crashed: false }, -1); // prettier-ignore
      return;
    }
    this.#start();
    const child = this.#child;
    child?.ref();
    child?.channel?.ref();
    if (child === null || !this.#isReady) return;
    const request = (this.#current = this.#waiting.shift() as Request);
    if (request.limits.signal?.aborted === true) {
      this.#current = null;
      request.fail(request.limits.signal.reason);
      this.#next();
      return;
    }
    this.#rest = this.#watch(child, request);
    child.send(request.task);
  }

  /** Sees to it that a task takes no more than it may. @returns ends the watch */
  #watch(child: ChildProcess, { limits }: Request): () => void {
    const { timeout, memory = this.memory, signal } = limits;
    const stop = (why: string) => {
      this.#why ??= why;
      killGroup(child);
    };
    const deadline = setTimeout(stop, timeout * 1000, `it took longer than ${timeout} s`);
    const words = setInterval(() => {
      if (fstatSync(this.#log).size > MAX_LOG) stop('it complained without end');
    }, LOOK_MS);
    const unwatch = watchMemory(child, memory, () => { stop(`it took more than ${memory} GiB of memory`); }); // prettier-ignore
    const onAbort = () => { stop('aborted'); }; // prettier-ignore
    signal?.addEventListener('abort', onAbort, { once: true });
    return () => {
      clearTimeout(deadline);
      clearInterval(words);
      unwatch();
      signal?.removeEventListener('abort', onAbort);
    };
  }

  /** Lets go of its child and of what they share. */
  #drop(): void {
    closeSync(this.#shared);
    closeSync(this.#log);
    this.#child = null;
    this.#isReady = false;
    this.#tasks = 0;
  }

  #ended(child: ChildProcess, how: string): void {
    if (child !== this.#child) return;
    const started = this.#isReady;
    this.#drop();
    if (!started && ++this.#failedStarts >= MAX_STARTS)
      this.#onHello('', `it ends when it starts (${how})`);
    else if (!started) this.#start();
    const request = this.#current;
    const why = this.#why;
    this.#why = null;
    if (request !== null) {
      this.#rest();
      this.#current = null;
      const { signal } = request.limits;
      if (signal?.aborted === true) request.fail(signal.reason);
      else request.settle({ ended: why ?? `it crashed or was killed (${how})`, crashed: why === null }, -1); // prettier-ignore
    }
    this.#next();
  }
}
