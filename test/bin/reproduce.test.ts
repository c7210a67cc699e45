import assert from 'node:assert/strict';
import { access, cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { results as resultsSchema, type Results } from '../../experiments/reproduce/results.js';
import { avme, refused } from '../support/cli.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

const MODEL = { width: 24, depth: 1, heads: 2, decoderWidth: 16, decoderDepth: 1, decoderHeads: 2, audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1] }; // prettier-ignore
const COMMON = { batch: 3, steps: 6, lr: 1e-3, backend: 'wasm', workers: 0, crop: 'none' };
const RECIPE = {
  pretrain: { ...MODEL, ...COMMON },
  finetune: { ...COMMON, augmentOps: 0 },
  evaluate: { backend: 'wasm' },
  reproduce: { seeds: 1, controls: false, maskRatios: [0.75] },
};

describe('avme reproduce', function () {
  this.timeout(300_000);
  const { path } = useTinyRuns();
  const ask = (...more: string[]) => ['reproduce', '--cache', path('split'), '--out', path('out'), '--config', path('recipe.json'), '--systems', 'av,v', '--json', ...more]; // prettier-ignore
  const readResults = async (): Promise<Results> =>
    resultsSchema.parse(JSON.parse(await readFile(join(path('out'), 'results.json'), 'utf8')));

  before(async () => {
    const lines: string[] = [];
    for (const folder of await readdir(path('videos')))
      for (const file of await readdir(join(path('videos'), folder))) {
        const n = lines.length;
        const [label, split] = [n % 4 < 2 ? 'one' : 'other', n % 2 === 0 ? 'train' : 'test'];
        lines.push(JSON.stringify({ path: join(path('videos'), folder, file), label, split }));
      }
    await writeFile(path('split.jsonl'), lines.join('\n'));
    await writeFile(path('recipe.json'), JSON.stringify(RECIPE));
    const sizes = '--size 32 --patch 8 --mask-ratio 0.75'.split(' ');
    const made = await avme(['preprocess', path('split.jsonl'), '--cache', path('split'), ...sizes]); // prettier-ignore
    assert.equal(made.code, 0, made.stderr);
  });

  it('says what it would run, and runs nothing', async () => {
    const { code, events, stderr } = await avme(ask('--dry-run'));
    assert.equal(code, 0, stderr);
    assert.deepEqual(new Set(events.map(({ command }) => command)), new Set(['pretrain', 'finetune', 'evaluate'])); // prettier-ignore
    await assert.rejects(access(path('out')));
  });

  it('gives the classifiers clips of their own', async () => {
    await cp(path('split'), path('labelled'), { recursive: true });
    const { code, events, stderr } = await avme(ask('--dry-run', '--finetune-cache', path('labelled'))); // prettier-ignore
    assert.equal(code, 0, stderr);
    const caches = (events as { id?: string; args: string[] }[]).flatMap(({ id, args }) =>
      id === undefined ? [] : [[/pretrain|masked/.test(id), args[args.indexOf('--cache') + 1]]],
    );
    assert.deepEqual(new Set(caches.map(String)), new Set([`true,${path('split')}`, `false,${path('labelled')}`])); // prettier-ignore
  });

  it('pre-trains one system, measures and reports it', async () => {
    const out = ['--out', path('one'), '--systems', 'v', '--no-finetune'];
    const { code, events, stderr } = await avme([...ask(), ...out]);
    assert.equal(code, 0, stderr);
    assert.deepEqual({ ...events.at(-1), report: '' }, { event: 'done', done: 1, planned: 1, interrupted: false, report: '' }); // prettier-ignore
    assert.match(await readFile(join(path('one'), 'report.md'), 'utf8'), /VideoMAE/);
  });

  slow.it('trains, measures, reports; stopped, goes on; numbers are the commands’', async () => {
    const stopped = await avme(ask(), { kill: { signal: 'SIGINT', afterLines: 30 } });
    assert.equal(stopped.code, 130, stopped.stderr);
    const begun = (events: typeof stopped.events) =>
      events.flatMap(({ state, id }) => (state === 'begins' ? [String(id)] : []));
    assert.ok(begun(stopped.events).length > 0);
    const { code, events, stderr } = await avme(ask());
    assert.equal(code, 0, stderr);
    assert.deepEqual({ ...events.at(-1), report: '' }, { event: 'done', done: 2, planned: 2, interrupted: false, report: '' }); // prettier-ignore
    const results = await readResults();
    assert.deepEqual(results.runs.map(({ variant }) => variant), ['av', 'v']); // prettier-ignore
    for (const run of results.runs) {
      assert.deepEqual(run.curve.map(({ step }) => step), [1, 2, 3, 4, 5, 6]); // prettier-ignore
      for (const { sound, mse } of run.reconstructions) {
        const folder = `masked-0.75${sound === 'own' ? '' : `-${sound}`}`;
        const file = join(path('out'), 'runs', `${run.variant}-0.75`, 'seed-0', folder, 'result.json'); // prettier-ignore
        assert.equal((JSON.parse(await readFile(file, 'utf8')) as { mse: number }).mse, mse);
      }
    }
    const [av, v] = results.runs;
    assert.deepEqual(av?.reconstructions.map(({ sound }) => sound), ['own', 'mute', 'shuffled', 'presence']); // prettier-ignore
    assert.deepEqual(
      v?.reconstructions.map(({ sound }) => sound),
      ['own'],
    );
    // Its own sound, three others, and four worse pictures with sound and without.
    assert.equal(av.classifications.length, 12);
    assert.ok(av.parameters > v.parameters);
    const report = await readFile(join(path('out'), 'report.md'), 'utf8');
    assert.match(report, /VideoMAE/);
    assert.match(await readFile(join(path('out'), 'report.html'), 'utf8'), /figures\/reconstructions\.png/); // prettier-ignore
    await access(join(path('out'), 'figures', 'reconstructions.png'));
    // What is done is not done again, but for what is asked for in another way.
    const again = await avme(ask());
    assert.deepEqual(begun(again.events), []);
    await writeFile(path('recipe.json'), JSON.stringify({ ...RECIPE, evaluate: { backend: 'wasm', batch: 2 } })); // prettier-ignore
    const changed = begun((await avme(ask('--no-finetune'))).events);
    assert.deepEqual(changed.map((id) => id.slice(id.lastIndexOf('/') + 1)).sort(), ['masked-0.75', 'masked-0.75', 'masked-0.75-mute', 'masked-0.75-presence', 'masked-0.75-shuffled']); // prettier-ignore
  });

  it('refuses what the cache has no sound or no clips for, saying what to do', async () => {
    await Promise.all([
      refused([...ask(), '--systems', 'av,cav-mae'], 1, /log-mel spectra, which .* does not hold; .*--mel 128/), // prettier-ignore
      refused([...ask(), '--test-splits', 'held'], 1, /no sample of what was chosen by .*--splits/),
      refused([...ask(), '--test-splits', 'train'], 1, /learned from and measured on/),
      refused([...ask(), '--systems', 'best'], 2, /--systems/),
      refused([...ask(), '--finetune-cache', path('none')], 1, /none/),
      refused([...ask(), '--finetune-cache', path('other'), '--no-finetune'], 1, /--finetune-cache .*--no-finetune/), // prettier-ignore
    ]);
  });
});
