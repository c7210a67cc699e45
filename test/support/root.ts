import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { FULL, runs } from './slow.js';

fc.configureGlobal({ numRuns: runs(100) });

/** Once a run, before the first file: where its fixtures lie (fixture.ts). */
export async function mochaGlobalSetup(): Promise<void> {
  process.env['AVME_FIXTURES'] = await mkdtemp(join(tmpdir(), 'avme-fixtures-'));
}

/** Once a run, after the last file. */
export async function mochaGlobalTeardown(): Promise<void> {
  await rm(process.env['AVME_FIXTURES'] ?? '', { recursive: true, force: true });
  if (!FULL)
    console.log('Pending above: slow tests, which "npm run test:full" runs, and what this machine has not.'); // prettier-ignore
}
