import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { writeAtomically } from '../../cache/folder/atomic-file.js';
import type { Job } from './plan.js';

/** What is written down of a job that is done: how it was asked for, and the last thing that it said. */
const record = z.strictObject({
  args: z.array(z.string()),
  /** What the recipe said then. */
  recipe: z.unknown().optional(),
  done: z.record(z.string(), z.unknown()),
  /** What training said as it began, where it did not begin in an earlier session. */
  start: z.record(z.string(), z.unknown()).optional(),
  /** Wall time, of all sessions that it took. */
  seconds: z.number(),
});
export type JobRecord = z.infer<typeof record>;

export interface ExecuteRequest {
  /** Folder of everything. */
  readonly out: string;
  /** How avme is started, e.g. `[node, avme.js]`. */
  readonly avme: readonly [string, ...string[]];
  /** Jobs at once. */
  readonly jobs: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly onEvent?: ((event: JobEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type JobEvent =
  | { readonly event: 'job'; readonly id: string; readonly state: 'begins' | 'done' | 'was done' }
  | { readonly event: 'job-progress'; readonly id: string; readonly share: number };

/** A command that failed. */
export class JobError extends Error {
  override name = 'JobError';
}

/** Lines of its errors that are shown. */
const LAST_LINES = 10;
/** After so long a child that was asked to stop is not asked any more. */
const PATIENCE_MS = 30_000;

const recordPath = (out: string, id: string) => join(out, `${id}.json`);
export const argsFor = (job: Job, out: string) => [
  job.command,
  ...job.args.map((arg) => arg.replace('{out}', out)),
];

/** All that decides what comes out of a job; the name of the recipe does not, what it says does. */
function identityOf({ command, args, recipe }: Job) {
  const at = args.indexOf('--config');
  return { args: [command, ...(at < 0 ? args : args.toSpliced(at, 2))], recipe };
}

/** What is known of a job; undefined where it is not done, or was asked for otherwise. */
export async function readRecord(out: string, job: Job): Promise<JobRecord | undefined> {
  const text = await readFile(recordPath(out, job.id), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = record.safeParse(JSON.parse(text));
  if (!parsed.success) return undefined;
  const { args, recipe } = parsed.data;
  return isDeepStrictEqual({ args, recipe }, identityOf(job)) ? parsed.data : undefined;
}

type Said = Record<string, unknown> & { readonly event?: unknown };

/** How far an event says that its job is; undefined where it does not. */
function shareOf(said: Said): number | undefined {
  const [done, total] = said.event === 'step' ? [said['step'], said['steps']] : [said['done'], said['total']]; // prettier-ignore
  return typeof done === 'number' && typeof total === 'number' && total > 0
    ? done / total
    : undefined;
}

/** Runs one command to its end. @throws JobError with the last of what it complained of */
async function runJob(job: Job, request: ExecuteRequest): Promise<JobRecord | undefined> {
  const { out, avme, env, onEvent, signal } = request;
  const [program, ...first] = avme;
  const args = argsFor(job, out);
  const began = performance.now();
  const child = spawn(program, [...first, ...args, '--json'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  let kill: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGINT');
    kill = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS).unref();
  };
  signal?.addEventListener('abort', stop, { once: true });
  const complaints: string[] = [];
  let start: Said | undefined;
  let done: Said | undefined;
  const hear = async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line) as Said;
      if (said.event === 'start') start = said;
      if (said.event === 'done') done = said;
      const fraction = shareOf(said);
      if (fraction !== undefined) onEvent?.({ event: 'job-progress', id: job.id, share: fraction });
    }
  };
  const complain = async () => {
    for await (const line of createInterface({ input: child.stderr })) {
      complaints.push(line);
      complaints.splice(0, complaints.length - LAST_LINES);
    }
  };
  try {
    const [code] = await Promise.all([ended, hear(), complain()]);
    if (signal?.aborted === true) return undefined;
    if (code !== 0 || done === undefined)
      throw new JobError(
        `avme ${args.join(' ')}\nfailed (${code === null ? 'killed' : `exit code ${code}`}):\n  ${complaints.join('\n  ')}\nwhat is done is kept; the same command goes on`,
      );
    const seconds = (performance.now() - began) / 1000;
    return { ...identityOf(job), done, ...(start && { start }), seconds };
  } finally {
    clearTimeout(kill);
    signal?.removeEventListener('abort', stop);
  }
}

/**
 * Runs commands, several at once, each after what it needs, in their order otherwise. What is done
 * already is passed over; training that was interrupted goes on by itself.
 * @returns true when all are done, false when it was stopped
 * @throws JobError of the first that failed, once the others have stopped in order
 */
export async function execute(jobs: readonly Job[], request: ExecuteRequest): Promise<boolean> {
  const { out, onEvent } = request;
  const failing = new AbortController();
  const signal = AbortSignal.any([failing.signal, ...(request.signal ? [request.signal] : [])]);
  const finished = new Set<string>();
  const waiting = [...jobs];
  const failures: unknown[] = [];
  const ready = ({ after }: Job) => after === undefined || finished.has(after);
  for (const job of jobs)
    // What was made from something that is to be made anew is not done either.
    if (ready(job) && (await readRecord(out, job)) !== undefined) {
      finished.add(job.id);
      waiting.splice(waiting.indexOf(job), 1);
      onEvent?.({ event: 'job', id: job.id, state: 'was done' });
    }
  const running = new Map<string, Promise<void>>();
  const begin = async (job: Job) => {
    onEvent?.({ event: 'job', id: job.id, state: 'begins' });
    try {
      for (const { id } of jobs.filter(({ after }) => after === job.id))
        await rm(recordPath(out, id), { force: true });
      const done = await runJob(job, { ...request, signal });
      if (done === undefined) return;
      await mkdir(dirname(recordPath(out, job.id)), { recursive: true });
      await writeAtomically(recordPath(out, job.id), `${JSON.stringify(done, null, 2)}\n`);
      finished.add(job.id);
      onEvent?.({ event: 'job', id: job.id, state: 'done' });
    } catch (error) {
      failures.push(error);
      failing.abort();
    } finally {
      running.delete(job.id);
    }
  };
  for (;;) {
    while (!signal.aborted && running.size < request.jobs) {
      const next = waiting.findIndex(ready);
      const [job] = next < 0 ? [] : waiting.splice(next, 1);
      if (job === undefined) break;
      running.set(job.id, begin(job));
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (failures.length > 0) throw failures[0];
  return waiting.length === 0 && finished.size === jobs.length;
}
