import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { libavHome } from '../../stages/libav/home.js';
import { FULL } from './slow.js';

// Cases of each property that names no number itself.
fc.configureGlobal({ numRuns: FULL ? 100 : 20 });

// Most tests decode with the ffmpeg that everybody has, whatever this machine has set up besides: two
// decoders are not mixed in a cache. Tests of libav ask for it (libav.ts).
process.env['AVME_TEST_LIBAV'] ??= libavHome();
process.env['AVME_LIBAV'] = join(tmpdir(), 'avme-no-libav');

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
