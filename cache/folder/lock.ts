import { randomUUID } from 'node:crypto';
import { link, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { CacheError } from '../manifest/manifest.js';

export const LOCK_FILE = 'writer.lock';

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

async function isStale(owner: Owner | undefined): Promise<boolean> {
  // Locks appear whole (see below): what cannot be read is not a lock that a writer made.
  if (owner === undefined) return true;
  if (owner.host !== (await processSpace())) return false;
  return !isRunning(owner.pid) || (await startOf(owner.pid)) !== owner.started;
}

/** @returns undefined when there is no lock, or what is there was not made by a writer */
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
    return undefined;
  }
}

/** Whether the last writer of a folder was killed, as far as can be told from here: surely it is gone. */
export async function wasKilledHere(folder: string): Promise<boolean> {
  const owner = await readOwner(join(folder, LOCK_FILE));
  return owner !== undefined && (await isStale(owner));
}

/** Where a writer has the cache open, as far as can be told from here; null: nowhere. */
export async function whereWritten(folder: string): Promise<'here' | 'elsewhere' | null> {
  const owner = await readOwner(join(folder, LOCK_FILE));
  if (owner === undefined || (await isStale(owner))) return null;
  return owner.host === (await processSpace()) ? 'here' : 'elsewhere';
}

/** Puts the lock in place if there is none. */
async function tryTake(path: string, mine: Owner): Promise<boolean> {
  const temporary = `${path}.${mine.id}`;
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

/** Takes a stale lock away; of several that try at once, one moves each lock. */
async function removeStale(path: string, stale: Owner | undefined, mine: Owner): Promise<void> {
  const moved = `${path}.${mine.id}`;
  try {
    await rename(path, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = await readOwner(moved);
  // Another process replaced the stale lock between our look and our move: it gets its own back.
  if (taken !== undefined && taken.id !== stale?.id) await link(moved, path).catch(() => undefined);
  await rm(moved, { force: true });
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
  for (;;) {
    if (await tryTake(path, mine)) {
      // A process that removed a stale lock at this moment may have had ours in its hands.
      if ((await readOwner(path))?.id === mine.id) break;
      continue;
    }
    const owner = await readOwner(path);
    if (owner !== undefined && !(await isStale(owner)))
      throw new CacheError(
        `${folder} is being written by process ${owner.pid} on ${hostOf(owner)}` +
          (owner.host !== mine.host && hostOf(owner) === hostname()
            ? ', in another container'
            : '') +
          '; wait until it ends' +
          (owner.host === mine.host ? '' : `, or delete ${path} if it no longer runs`),
      );
    await removeStale(path, owner, mine);
  }
  return async () => {
    if ((await readOwner(path))?.id === mine.id) await rm(path, { force: true });
  };
}
