import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { codeBlocks } from '../../docs/markdown.js';
import { useTinyRuns } from '../../support/tiny-run.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

describe('docs/explanation/loader.md', function () {
  this.timeout(120_000);
  const { path } = useTinyRuns();

  it('has an example that runs as it stands there, on the package as others import it', async () => {
    const text = await readFile(`${ROOT}/docs/explanation/loader.md`, 'utf8');
    const [code] = codeBlocks(text, 'js');
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', code!], {
      cwd: ROOT,
      env: { ...process.env, CACHE: path('cache') },
    });
    assert.equal(stderr, '');
    const batches = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    // Ten clips, seen twice, four at a time; 16 frames of 32 × 32 pixels in three colours.
    assert.deepEqual(
      batches.map(([position]) => position),
      ['0', '4', '8', '12', '16'],
    );
    for (const [, ...rest] of batches) {
      assert.equal(rest.length, 5, 'four keys and a length');
      assert.equal(Number(rest.at(-1)), 4 * 16 * 32 * 32 * 3);
    }
    const keys = batches.flatMap(([, ...rest]) => rest.slice(0, 4));
    assert.equal(new Set(keys.slice(0, 10)).size, 10, 'an epoch shows each clip once');
    assert.deepEqual(keys.slice(10).sort(), keys.slice(0, 10).sort());
  });
});
