import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';
import { planPath, type Plan } from './plan-file.js';

/*
 * What workers tell each other, by small files beside the plan. Nothing depends on them but who does
 * what: when they are wrong, late or lost, a part is made twice, and one of the two counts.
 */
const count = z.number().int().min(0);

const doneSchema = z.object({
  part: count,
  videos: count,
  clips: count,
  quarantined: count,
  seconds: z.number(),
  worker: z.string(),
  time: z.string(),
});
/** A part whose list was worked through. */
export type DonePart = z.infer<typeof doneSchema>;

const workerSchema = z.object({
  worker: z.string(),
  host: z.string(),
  pid: z.number(),
  /** What it is at; null: it waits. */
  part: count.nullable(),
  /** Of that part. */
  done: count,
  total: count,
  written: count,
  quarantined: count,
  /** Since it began; over all its parts. */
  seconds: z.number(),
  clips: count,
  parts: count,
  /** Why it ended, where it failed. */
  failure: z.string().nullable(),
});
/** What a worker says of itself. */
export type WorkerState = z.infer<typeof workerSchema>;

export interface SeenWorker extends WorkerState {
  /** Seconds since it said so, by the clock of the file system. */
  readonly age: number;
}

const five = (number: number) => String(number).padStart(5, '0');
/** With the digest of its list: a part whose list has grown is not done. */
const doneName = ({ digests }: Plan, part: number) => `${five(part)}-${digests[part] ?? ''}.json`;

async function replace(folder: string, name: string, content: object): Promise<void> {
  const temporary = planPath(folder, `${randomUUID()}.tmp`);
  await writeFile(temporary, JSON.stringify(content));
  await rename(temporary, planPath(folder, name));
}

export async function noteDone(plan: Plan, done: DonePart): Promise<void> {
  await mkdir(planPath(plan.cache, 'done'), { recursive: true });
  await replace(plan.cache, `done/${doneName(plan, done.part)}`, done);
}

/** Names of files; none where there is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
}

/** Which parts of a plan are done. */
export async function doneParts(plan: Plan): Promise<Set<number>> {
  const names = new Set(await namesIn(planPath(plan.cache, 'done')));
  return new Set([...plan.digests.keys()].filter((part) => names.has(doneName(plan, part))));
}

async function readAs<T>(schema: z.ZodType<T>, path: string): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Gone since it was listed, or not ours: it is a hint, no more.
    return undefined;
  }
}

/** What came of the parts that are done. */
export async function readDone(plan: Plan): Promise<DonePart[]> {
  const found: DonePart[] = [];
  for (const part of await doneParts(plan)) {
    const done = await readAs(doneSchema, planPath(plan.cache, 'done', doneName(plan, part)));
    if (done !== undefined) found.push(done);
  }
  return found;
}

const workerName = (worker: string) => `workers/${worker}.json`;

/** One worker's word of itself, which the others see. */
export class Heartbeat {
  readonly worker = `${hostname().replace(/[^\w.-]/g, '-')}-${process.pid}-${randomUUID().slice(0, 8)}`;
  private last = -Infinity;
  private writing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly cache: string,
    /** Milliseconds between two words. */
    private readonly every: number,
  ) {}

  /** Says it now. */
  async say(state: Omit<WorkerState, 'worker' | 'host' | 'pid'>): Promise<void> {
    this.last = performance.now();
    await this.writing;
    await mkdir(planPath(this.cache, 'workers'), { recursive: true });
    const own = { worker: this.worker, host: hostname(), pid: process.pid };
    await replace(this.cache, workerName(this.worker), { ...own, ...state });
  }

  /** Says it where the last word is old enough; what goes wrong with it is of no account. */
  sayAtTimes(state: Omit<WorkerState, 'worker' | 'host' | 'pid'>): void {
    if (performance.now() - this.last < this.every) return;
    this.last = performance.now();
    this.writing = this.say(state).catch(() => undefined);
  }

  async end(): Promise<void> {
    await this.writing;
    await rm(planPath(this.cache, workerName(this.worker)), { force: true });
  }
}

/**
 * What all workers say of themselves.
 * @param own whose word was the last thing written: all ages are by the file system's clock
 */
export async function seeWorkers(cache: string, own?: Heartbeat): Promise<SeenWorker[]> {
  const now = own === undefined ? await clockOf(cache) : await timeOf(cache, workerName(own.worker)); // prettier-ignore
  const seen: SeenWorker[] = [];
  for (const name of (await namesIn(planPath(cache, 'workers'))).sort()) {
    const state = await readAs(workerSchema, planPath(cache, 'workers', name));
    if (state === undefined) continue;
    seen.push({ ...state, age: Math.max(0, (now - (await timeOf(cache, `workers/${name}`))) / 1000) }); // prettier-ignore
  }
  return seen;
}

const timeOf = (cache: string, name: string) =>
  stat(planPath(cache, name)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

/** The time by the clock of the file system, where it can be written; else by ours. */
async function clockOf(cache: string): Promise<number> {
  const path = planPath(cache, `${randomUUID()}.tmp`);
  try {
    await writeFile(path, '');
    return (await stat(path)).mtimeMs;
  } catch {
    return Date.now();
  } finally {
    await rm(path, { force: true });
  }
}
