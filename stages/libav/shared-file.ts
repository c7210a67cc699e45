import { randomUUID } from 'node:crypto';
import { existsSync, openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system in memory, where there is one. */
const MEMORY = '/dev/shm';

/**
 * Opens a file without a name, in memory where the system allows: it is gone when nobody has it open
 * any more, however they ended.
 * @param append what is written goes to its end
 * @returns its descriptor
 */
export function openShared(append = false): number {
  const path = join(existsSync(MEMORY) ? MEMORY : tmpdir(), `avme-${randomUUID()}`);
  const descriptor = openSync(path, append ? 'ax+' : 'wx+', 0o600);
  unlinkSync(path);
  return descriptor;
}
