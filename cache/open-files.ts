import { closeSync, openSync } from 'node:fs';
import { CacheError } from './manifest/manifest.js';

/** A process may have no more than 1,024 files open on most systems; each thread has a pool of its own. */
const OPEN_FILES = 64;

/** What to do about an error that lies in the process or the machine, not in the file; by its code. */
const REMEDIES: Readonly<Record<string, string>> = {
  EMFILE:
    'this process may not open more files: raise the limit, e.g. with ulimit -n 4096, or ask for less at once, e.g. with --jobs, and run again',
  ENFILE:
    'this machine has too many files open: end other programs, or let its administrator raise fs.file-max, and run again',
  ENOMEM: 'this machine is out of memory: end other programs, or lower --jobs, and run again',
  EACCES: 'you may not read it: change its permissions, or run as its owner',
  EPERM: 'you may not read it: change its permissions, or run as its owner',
};

/** LMDB and fluent-ffmpeg pass on words and no code. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/too many open files in system/i, 'ENFILE'],
  [/too many open files/i, 'EMFILE'],
  [/\bENFILE\b/, 'ENFILE'],
  [/\bEMFILE\b/, 'EMFILE'],
  [/^permission denied$/i, 'EACCES'],
];

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return WORDS.find(([words]) => words.test(message))?.[1] ?? '';
}

/** What to do when too many files are open; undefined for any other error. */
export function openFilesRemedy(error: unknown): string | undefined {
  const code = codeOf(error);
  return code === 'EMFILE' || code === 'ENFILE' ? REMEDIES[code] : undefined;
}

/**
 * A file could not be opened for a reason that says nothing of what is in it: its data may be good,
 * so nothing may be dropped for it.
 */
export class UnavailableError extends CacheError {
  override name = 'UnavailableError';
}

/** @returns undefined when the error may come from the file itself */
export function unavailable(path: string, error: unknown): UnavailableError | undefined {
  if (error instanceof UnavailableError) return error;
  const remedy = REMEDIES[codeOf(error)];
  return remedy === undefined
    ? undefined
    : new UnavailableError(`${path} cannot be opened: ${remedy}`, { cause: error });
}

/** Who reads a file by the pool. */
export interface FileUser {
  readonly path: string;
  /** The pool has closed the file; the next read opens it again. */
  onClosed(): void;
}

/**
 * Descriptors of files that are read, at most so many: the one that was not used for longest is
 * closed for the next. What was read lies in memory of its own, so closing takes nothing from it.
 */
export class OpenFiles {
  private readonly open = new Map<FileUser, number>();

  constructor(private readonly bound = OPEN_FILES) {}

  /**
   * @returns valid until the next call
   * @throws UnavailableError when the system does not let us; else the system's error
   */
  descriptor(user: FileUser): number {
    const descriptor = this.open.get(user) ?? this.take(user.path);
    // A map keeps the order of insertion: the first is the one not used for longest.
    this.open.delete(user);
    this.open.set(user, descriptor);
    if (this.open.size > this.bound) this.closeOldest();
    return descriptor;
  }

  close(user: FileUser): void {
    const descriptor = this.open.get(user);
    if (descriptor === undefined) return;
    this.open.delete(user);
    closeSync(descriptor);
    user.onClosed();
  }

  /**
   * A descriptor that is the caller's to close; the pool makes room for it.
   * @throws UnavailableError when the system does not let us; else the system's error
   */
  take(path: string): number {
    for (;;)
      try {
        return openSync(path, 'r');
      } catch (error) {
        // Others of this process have taken what the limit leaves: we make do with fewer.
        if (openFilesRemedy(error) !== undefined && this.open.size > 0) this.closeOldest();
        else throw unavailable(path, error) ?? error;
      }
  }

  private closeOldest(): void {
    const [oldest] = this.open.keys();
    if (oldest !== undefined) this.close(oldest);
  }
}

/** Of this thread. */
export const openFiles = new OpenFiles();
