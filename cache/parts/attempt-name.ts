import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';

/*
 * An attempt at a part writes into a folder of its own inside the part's, so no two processes ever
 * write the same file, wherever they run. Its name says which commit of the part it builds on: once
 * the part has gone on from there, the attempt can never count.
 */
const ATTEMPT = /^attempt-([0-9a-f]{12})-[0-9a-f]{12}$/;

/** What the first attempts at a part build on: nothing. */
export const NO_COMMIT = '0'.repeat(12);

/** @param base 12 hex digits of the digest of the commit that it builds on, or {@link NO_COMMIT} */
export const newAttemptName = (base: string) => `attempt-${base}-${randomBytes(6).toString('hex')}`;

/** @returns undefined when it is not the name of an attempt's folder */
export const baseOfAttempt = (name: string): string | undefined => ATTEMPT.exec(name)?.[1];

export const isAttemptFolder = (name: string) => ATTEMPT.test(name);

/** Names of the attempts in a part's folder, sorted; none when there is no such folder. */
export async function listAttempts(part: string): Promise<string[]> {
  const names = await readdir(part).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  });
  return names.filter(isAttemptFolder).sort();
}
