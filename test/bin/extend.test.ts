import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { avme } from '../support/cli.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

slow.describe('avme pretrain --extend', function () {
  this.timeout(300_000);
  const { path, pretrain, trained } = useTinyRuns();

  const ratesOf = async (run: string) =>
    (await readFile(path(`${run}/metrics.jsonl`), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { lr: number }).lr);

  it('gives a run that has ended further steps, at its last rate, and says so in run.json', async () => {
    await trained('run');
    const longer = await avme(pretrain('run').map((word) => (word === '12' ? '16' : word)));
    assert.equal(longer.code, 1);
    assert.match(longer.stderr, /training\.steps: run has 12, asked for 16\nto train longer, give the settings of before and --extend 16, which .*--init RUN/); // prettier-ignore

    const half = await avme(pretrain('run', '--extend', '16', '--stop-at', '14'));
    assert.equal(half.code, 0, half.stderr);
    // The same command goes on, and extends nothing again.
    for (const stderr of ['', '']) {
      const done = await avme(pretrain('run', '--extend', '16'));
      assert.deepEqual([done.code, done.stderr], [0, stderr]);
    }
    const rates = await ratesOf('run');
    assert.equal(rates.length, 16);
    const last = rates[11]!;
    // Half a cosine over four steps: 1, cos²(π/8), 1/2, sin²(π/8).
    [1, Math.cos(Math.PI / 8) ** 2, 0.5, Math.sin(Math.PI / 8) ** 2].forEach((share, i) => {
      assert.ok(Math.abs(rates[12 + i]! / last - share) < 1e-6, `${i}: ${rates[12 + i]! / last}`);
    });
    const description = JSON.parse(await readFile(path('run/run.json'), 'utf8')) as { extensions: unknown }; // prettier-ignore
    assert.deepEqual(description.extensions, [{ from: 12, steps: 16 }]);

    const shorter = await avme(pretrain('run', '--extend', '13'));
    assert.match(shorter.stderr, /--extend: got 13; the run has 16 steps, give more/);
    const none = await avme(pretrain('none', '--extend', '13'));
    assert.match(none.stderr, /--extend: there is no run in .*none; leave it out/);
  });
});
