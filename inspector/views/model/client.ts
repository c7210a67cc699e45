import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ModelAnswer, ModelCall, ModelQuestion, ModelReply } from './messages.js';
import { InspectProblem } from '../problem.js';

const PROGRAM = fileURLToPath(new URL('./process.js', import.meta.url));
/** Milliseconds without a question after which the process, and the model's memory, go. */
const IDLE = 120_000;

interface Waiting {
  readonly question: ModelQuestion;
  readonly resolve: (answer: ModelAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** Asks the model's process, one question at a time; starts it with the first one. */
export class ModelClient {
  #child: ChildProcess | undefined;
  #current: Waiting | undefined;
  #call = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly #queue: Waiting[] = [];

  /**
   * @param urgent somebody looks at the place where the answer goes: before all that is not
   * @throws InspectProblem 422 with the model's own words
   */
  ask(question: ModelQuestion, urgent: boolean): Promise<ModelAnswer> {
    return new Promise((resolve, reject) => {
      const waiting = { question, resolve, reject };
      // Who drags a slider asks for much and looks at the last: the newest is answered first.
      if (urgent) this.#queue.unshift(waiting);
      else this.#queue.push(waiting);
      this.#next();
    });
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #next(): void {
    if (this.#current !== undefined) return;
    clearTimeout(this.#idle);
    this.#current = this.#queue.shift();
    if (this.#current === undefined) {
      this.#idle = setTimeout(() => { this.close(); }, IDLE).unref(); // prettier-ignore
      return;
    }
    const call: ModelCall = { call: ++this.#call, question: this.#current.question };
    this.#start().send(call);
  }

  #start(): ChildProcess {
    if (this.#child !== undefined) return this.#child;
    const child = fork(PROGRAM, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // Flags of this process, like that of a debugger, are not for the child.
      execArgv: [],
    });
    this.#child = child;
    child.on('message', (reply: ModelReply) => {
      if (reply.call !== this.#call) return;
      this.#settle((waiting) => {
        if ('answer' in reply) waiting.resolve(reply.answer);
        else waiting.reject(new InspectProblem(422, reply.problem));
      });
    });
    const gone = (why: string) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      const problem = new InspectProblem(503, `the model's process ended (${why}); ask again`);
      this.#settle((waiting) => { waiting.reject(problem); }); // prettier-ignore
    };
    child.on('error', (error) => { gone(error.message); }); // prettier-ignore
    child.on('exit', (code, signal) => { gone(signal ?? `exit code ${code ?? 'unknown'}`); }); // prettier-ignore
    return child;
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#current;
    this.#current = undefined;
    if (waiting !== undefined) how(waiting);
    this.#next();
  }
}
