import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { readMetrics } from '../../pipeline/training/run/run-folder.js';
import { decodeNpy } from '../../stages/exchange/npy.js';
import { avme, refused } from '../support/cli.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

interface Row {
  readonly id: string;
  readonly label: string;
}

slow.describe('a kNN probe', function () {
  this.timeout(300_000);
  const { path, classified, pretrain } = useTinyRuns();
  const sizes = '--size 32 --patch 8 --mask-ratio 0.75 --clips 2'.split(' ');
  const evaluate = (...more: string[]) => ['evaluate', '--run', path('tuned'), '--cache', path('split'), '--backend', 'wasm', ...more]; // prettier-ignore
  const done = async (args: readonly string[]) => {
    const { code, stderr, events } = await avme(args);
    assert.equal(code, 0, stderr);
    return events;
  };

  /** The vectors and rows of a split, as `avme embed` writes them. */
  async function embedded(split: string) {
    const out = path(`${split}.npy`);
    await done(['embed', path('tuned'), path('split'), '--splits', split, '--out', out, '--backend', 'wasm']); // prettier-ignore
    const { shape, bytes } = decodeNpy(await readFile(out));
    const values = new Float32Array(new Uint8Array(bytes).buffer);
    const lines = (await readFile(path(`${split}.rows.jsonl`), 'utf8')).trim().split('\n');
    return lines.map((line, i) => {
      const vector = [...values.subarray(i * shape[1]!, (i + 1) * shape[1]!)];
      return { ...(JSON.parse(line) as Row), vector };
    });
  }

  before(async () => {
    await classified('tuned', 'clips');
    const files = (await readdir(path('videos'), { recursive: true })).filter((name) => name.endsWith('.mp4')); // prettier-ignore
    const listed = files.sort().map((name, i) => ({ path: name, label: ['a', 'b', 'c'][i % 3], split: i < 6 ? 'train' : 'test' })); // prettier-ignore
    await writeFile(
      path('videos/list.jsonl'),
      listed.map((line) => JSON.stringify(line)).join('\n'),
    );
    await done(['preprocess', path('videos/list.jsonl'), '--cache', path('split'), ...sizes]);
  });

  it('agrees with one made by hand of what avme embed writes', async () => {
    const [bank, asked] = [await embedded('train'), await embedded('test')];
    const classes = [...new Set(bank.map(({ label }) => label))].sort();
    const unit = (x: readonly number[]) => x.map((value) => value / Math.hypot(...x));
    const sums = new Map<string, { label: string; votes: number[] }>();
    for (const { id, label, vector } of asked) {
      const query = unit(vector);
      const near = bank
        .map((other) => ({
          label: other.label,
          cosine: unit(other.vector).reduce((sum, value, i) => sum + value * query[i]!, 0),
        })) // prettier-ignore
        .sort((a, b) => b.cosine - a.cosine)
        .slice(0, 5);
      const all = near.reduce((sum, { cosine }) => sum + Math.exp(cosine / 0.1), 0);
      const of = sums.get(id) ?? { label, votes: classes.map(() => 0) };
      for (const { label, cosine } of near) of.votes[classes.indexOf(label)]! += Math.exp(cosine / 0.1) / all / 2; // prettier-ignore
      sums.set(id, of);
    }
    const out = path('probe');
    const [last] = (await done(evaluate('--probe', 'knn', '--splits', 'test', '--k', '5', '--tau', '0.1', '--out', out, '--json'))).slice(-1); // prettier-ignore
    assert.deepEqual([last!['kind'], last!['bank'], last!['clips']], ['knn', bank.length, asked.length]); // prettier-ignore
    const told = (await readFile(path('probe/predictions.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { id: string; top5: { label: string; probability: number }[] }); // prettier-ignore
    assert.equal(told.length, sums.size);
    for (const { id, top5 } of told)
      for (const { label, probability } of top5)
        assert.ok(Math.abs(probability - sums.get(id)!.votes[classes.indexOf(label)]!) < 1e-4, `${id} ${label}`); // prettier-ignore
  });

  it('judges a run of pre-training, and while that trains', async () => {
    const args = pretrain('watched', '--splits', 'train', '--validation-splits', 'test', '--validate-every', '6', '--validate-knn'); // prettier-ignore
    await done(args.map((arg) => (arg === path('cache') ? path('split') : arg)));
    const looks = (await readMetrics(path('watched'))).flatMap(({ validationKnn }) => validationKnn ?? []); // prettier-ignore
    assert.equal(looks.length, 2);
    const flags = evaluate('--probe', 'knn', '--splits', 'test', '--checkpoint', 'last', '--json');
    const events = await done(flags.map((arg) => (arg === path('tuned') ? path('watched') : arg)));
    const { accuracy } = events.at(-1) as unknown as { accuracy: { top1: number } };
    assert.equal(looks[1], accuracy.top1);
  });

  it('refuses what cannot be', async () => {
    await refused(evaluate('--k', '3'), 1, /k: for the kNN probe only; add --probe knn/);
    const both =
      /12 of the clips that are to be told apart are in the bank themselves.*--bank-splits/;
    await refused(evaluate('--probe', 'knn'), 1, both);
    const nobody = evaluate('--probe', 'knn', '--splits', 'test', '--bank-splits', 'val');
    await refused(nobody, 1, /the bank of --probe knn: .*has no sample of what was chosen/);
    await refused(pretrain('blind', '--validate-knn'), 1, /give --validation-splits/);
  });
});
