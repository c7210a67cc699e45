import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { FULL } from './slow.js';

// Cases of each property that names no number itself.
fc.configureGlobal({ numRuns: FULL ? 100 : 20 });

/** Once a run, before the first file: where its fixtures lie (fixture.ts). */
export async function mochaGlobalSetup(): Promise<void> {
  process.env['AVME_FIXTURES'] = await mkdtemp(join(tmpdir(), 'avme-fixtures-'));
}

/** Once a run, after the last file. */
export async function mochaGlobalTeardown(): Promise<void> {
  await rm(process.env['AVME_FIXTURES'] ?? '', { recursive: true, force: true });
  if (!FULL)
    console.log('Left out: the pending tests above and test/torture. "npm run test:full" runs all that this machine can.'); // prettier-ignore
}
