import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** LMDB passes on the system's words, and no code. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/read-only file system/i, 'EROFS'],
  [/no space left on device/i, 'ENOSPC'],
  [/disk quota exceeded/i, 'EDQUOT'],
  [/permission denied/i, 'EACCES'],
  [/file name too long/i, 'ENAMETOOLONG'],
  [/no locks available/i, 'ENOLCK'],
  [/stale (?:nfs )?file handle/i, 'ESTALE'],
  [/input\/output error/i, 'EIO'],
];

const NO_LOCKS =
  'its file system cannot lock files, as some on a network or on a memory card cannot; choose a folder on a local disk';

const REASONS: Readonly<Record<string, string>> = {
  EROFS:
    'it lies on a read-only file system; choose another folder, or have the file system mounted for writing',
  EACCES: 'permission denied; change its permissions, or run as its owner',
  EPERM: 'the system does not permit it; change its permissions, or run as its owner',
  EDQUOT: 'your quota on this disk is used up; make room and run again',
  ENAMETOOLONG: 'its path is too long for the file system; choose a folder with a shorter path',
  ENOLCK: NO_LOCKS,
  ENOTSUP: NO_LOCKS,
  EOPNOTSUPP: NO_LOCKS,
  ENOTDIR: 'a part of its path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  ELOOP: 'its path is a circle of links',
  EIO: 'the disk reports an error; look at the system log, and copy what can still be read',
  ESTALE: 'the server that it lies on has lost it; mount it again, and run again',
  EBUSY: 'another program uses it; end that, and run again',
  ETXTBSY: 'another program uses it; end that, and run again',
  EFBIG: 'it may not grow any further: the file system or a limit of this process forbids it',
};

/** Without room for further files a disk is as full as one without room for bytes. */
function fullText(path: string | undefined): string {
  const full = 'the disk is full; make room and run again';
  for (let at = path; at !== undefined; at = at === dirname(at) ? undefined : dirname(at))
    try {
      const { files, ffree, bavail } = statfsSync(at);
      return files > 0 && ffree === 0 && bavail > 0
        ? 'the disk has no room for further files (inodes), though there is for bytes; remove files, or choose another disk'
        : full;
    } catch {
      // Not there: what is above it lies on the same disk.
    }
  return full;
}

/**
 * Why the system did not let a file be made, read or written, and what to do about it.
 * @param path of what could not be; default: as the error says
 * @returns undefined for any other error
 */
export function fileWords(error: unknown, path?: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, message, syscall, path: named } = error as NodeJS.ErrnoException;
  const known = typeof code === 'string' ? code : WORDS.find(([words]) => words.test(message))?.[1];
  if (known === 'ENOSPC') return fullText(path ?? named);
  // Where there are no links, we may not make them: so says FAT.
  if (syscall === 'link' && (known === 'EPERM' || known === 'ENOSYS')) return NO_LOCKS;
  return REASONS[known ?? ''];
}
