import type { Task } from './messages.js';
import { Member, type Limits, type Outcome } from './member.js';

/** Children that decode; each works off one task after the other. */
export class Crew {
  readonly #members: readonly Member[];

  /**
   * @param binding file of libav's binding
   * @param jobs how many of them
   * @param memory GiB that one of them may take
   */
  constructor(binding: string, jobs: number, memory: number) {
    this.#members = Array.from({ length: jobs }, () => new Member(binding, memory));
  }

  /**
   * Starts one of them.
   * @returns libav's version
   * @throws Error saying why it does not load
   */
  async hello(): Promise<string> {
    const [first] = this.#members;
    if (first === undefined) throw new Error('there is nobody in the crew');
    return first.hello();
  }

  /** The one with least to do; it, unless it has more to do than others. @param holder has the file open */
  #choose(holder: Member | undefined): Member {
    const idlest = this.#members.reduce((best, next) => (next.load < best.load ? next : best));
    return holder !== undefined && holder.load <= idlest.load + 1 ? holder : idlest;
  }

  /**
   * Has a task done, a second time in a new child where the first one crashed.
   * @param read is given the answer and the descriptor of the file with its frames, for as long as it runs
   * @param holder who did an earlier task with the same file
   * @returns what `read` returns, and who did it
   * @throws the signal's reason when aborted
   */
  async ask<T>(
    task: Task,
    limits: Limits,
    read: (outcome: Outcome, shared: number) => T,
    holder?: Member,
  ): Promise<{ readonly result: T; readonly member: Member }> {
    const member = this.#choose(holder);
    let crashed = false;
    const ask = (isLast: boolean) =>
      member.ask(task, limits, (outcome, shared) => {
        crashed = 'ended' in outcome && outcome.crashed;
        return crashed && !isLast ? null : { result: read(outcome, shared) };
      });
    const done = (await ask(false)) ?? (await ask(true));
    if (done === null) throw new Error('unreachable: the last answer is always read');
    return { ...done, member };
  }

  /** Resolves once all of them are gone. */
  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.close()));
  }
}
