import { randomUUID } from 'node:crypto';
import { link, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { CacheError } from '../manifest/manifest.js';

export const LOCK_FILE = 'writer.lock';

/** How soon a process looks again whose turn to remove a stale lock it is not. */
const RETRY_MS = 5;

const ownerSchema = z.strictObject({
  pid: z.number().int(),
  host: z.string(),
  /** When the process started, as the system counts it: tells it from a later one of the same pid. */
  started: z.string(),
  id: z.string(),
});
type Owner = z.infer<typeof ownerSchema>;

/** Boot and start time of a process; "" where the system does not tell (anywhere but Linux). */
async function startOf(pid: number): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Field 22; the name of the program, field 2, may hold spaces and parentheses.
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot.trim()} ${start ?? ''}`;
  } catch {
    return '';
  }
}

/** The pid namespace that a system without containers has. */
const FIRST_SPACE = 'pid:[4026531836]';

/**
 * Names what a process id is unique in: the machine, by its host name, or in a container that: its
 * successor may have the same host name, on this machine or another, and knows nothing of its processes.
 */
export async function processSpace(): Promise<string> {
  try {
    const space = await readlink('/proc/self/ns/pid');
    if (space === FIRST_SPACE) return hostname();
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${hostname()}/${space.replace(/\D/g, '')}@${boot.trim()}`;
  } catch {
    // Anywhere but Linux.
    return hostname();
  }
}

const hostOf = ({ host }: Owner) => host.split('/')[0] ?? host;

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is a running one too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Stands for a file that no writer made: locks appear whole (see tryTake). */
const UNREADABLE: Owner = { pid: 0, host: '', started: '', id: 'unreadable' };

async function isStale(owner: Owner): Promise<boolean> {
  if (owner === UNREADABLE) return true;
  if (owner.host !== (await processSpace())) return false;
  return !isRunning(owner.pid) || (await startOf(owner.pid)) !== owner.started;
}

/** @returns undefined when there is no lock */
async function readOwner(path: string): Promise<Owner | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return UNREADABLE;
  }
}

/** Whether the last writer of a folder was killed, as far as can be told from here: surely it is gone. */
export async function wasKilledHere(folder: string): Promise<boolean> {
  const owner = await readOwner(join(folder, LOCK_FILE));
  return owner !== undefined && owner !== UNREADABLE && (await isStale(owner));
}

/** Where a writer has the cache open, as far as can be told from here; null: nowhere. */
export async function whereWritten(folder: string): Promise<'here' | 'elsewhere' | null> {
  const owner = await readOwner(join(folder, LOCK_FILE));
  if (owner === undefined || (await isStale(owner))) return null;
  return owner.host === (await processSpace()) ? 'here' : 'elsewhere';
}

/** Puts the lock in place if there is none. */
async function tryTake(path: string, mine: Owner): Promise<boolean> {
  const temporary = `${path}.${mine.id}.new`;
  await writeFile(temporary, JSON.stringify(mine), { flag: 'wx' });
  try {
    // Unlike open and write, a link appears with its content in one step.
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Removes a stale lock. A second lock, named after the stale one, lets one process at a time do so:
 * nobody removes what another has put in its place. If that process is killed, the second lock is
 * stale, and is taken over in the same way.
 */
async function removeStale(path: string, stale: Owner, mine: Owner): Promise<void> {
  const guard = `${path}.${stale.id}`;
  if ((await takeOver(guard, mine)) !== null) {
    await setTimeout(RETRY_MS);
    return;
  }
  try {
    if ((await readOwner(path))?.id === stale.id) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/**
 * Takes a lock that is free or stale.
 * @returns who holds it, or null: it is mine
 */
async function takeOver(path: string, mine: Owner): Promise<Owner | null> {
  while (!(await tryTake(path, mine))) {
    const owner = await readOwner(path);
    if (owner === undefined) continue;
    if (!(await isStale(owner))) return owner;
    await removeStale(path, owner, mine);
  }
  return null;
}

/**
 * Makes this process the cache's only writer, taking over from one that was killed.
 * @returns releases the lock
 * @throws CacheError naming the process that writes
 */
export async function lockForWriting(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK_FILE);
  const mine: Owner = {
    pid: process.pid,
    host: await processSpace(),
    started: await startOf(process.pid),
    id: randomUUID(),
  };
  const owner = await takeOver(path, mine);
  if (owner !== null)
    throw new CacheError(
      `${folder} is being written by process ${owner.pid} on ${hostOf(owner)}` +
        (owner.host !== mine.host && hostOf(owner) === hostname() ? ', in another container' : '') +
        '; wait until it ends' +
        (owner.host === mine.host ? '' : `, or delete ${path} if it no longer runs`),
    );
  return async () => {
    if ((await readOwner(path))?.id === mine.id) await rm(path, { force: true });
  };
}
