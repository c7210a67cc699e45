import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const made = new Map<string, Promise<string>>();

async function make(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const all = process.env['AVME_FIXTURES'];
  if (all === undefined) throw new Error('AVME_FIXTURES is not set: mocha loads test/support/root.ts, which does'); // prettier-ignore
  const [folder, own] = [join(all, name), await mkdtemp(join(all, `${name}-`))];
  await fill(own);
  // The process of another test file may have been faster: then its folder is as good.
  await rename(own, folder).catch(() => rm(own, { recursive: true }));
  return folder;
}

/**
 * A folder that every test file of a run shares. It is made when the first one asks; nobody changes
 * it. Two processes that ask at once may both make it, so what is made depends on nothing else.
 * @param fill writes into the folder that it is given, which gets another name afterwards
 */
export function fixture(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const known = made.get(name) ?? make(name, fill);
  made.set(name, known);
  return known;
}

/** A copy of a {@link fixture}, to be changed at will. */
export async function copyOf(shared: Promise<string>, folder: string): Promise<void> {
  await cp(await shared, folder, { recursive: true });
}
