import { type SystemName } from '../../../model/config.js';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { claimsOf } from '../../../experiments/reproduce/claims.js';
import { Measures } from '../../../experiments/reproduce/measures.js';
import { renderReport } from '../../../experiments/reproduce/report/report.js';
import { ticks } from '../../../experiments/reproduce/report/line-plot.js';
import { groupsOf } from '../../../experiments/reproduce/report/tables.js';
import {
  results as schema,
  type Results,
  type RunResult,
} from '../../../experiments/reproduce/results.js';
import type { AudioChoice } from '../../../stages/batch/clip-parts.js';
import { chromiumPath, launch, openPage } from '../../support/browser.js';

const LABELS = ['a-<one>', 'a-two|', 'b-"three"', 'b-four'];

/** So many of ten videos right, the first ones. */
const rightly = (top1: number) => '1'.repeat(Math.round(10 * top1)).padEnd(10, '0');

/** A run whose numbers follow from one error and one accuracy; every seed moves both a little. */
function run(variant: SystemName, seed: number, mse: number, top1: number, sound: AudioChoice = 'own', maskRatio = 0.75, decoderDepth?: number): RunResult {
  const heard = variant !== 'v' && sound === 'own' ? (['own', 'mute', 'shuffled', 'presence'] as const) : ([sound] as const);
  return {
    variant, maskRatio, sound, seed, ...(decoderDepth === undefined ? {} : { decoderDepth }), parameters: 1000, stepSeconds: 0.25, seconds: 60,
    curve: [{ step: 50, loss: 2 * mse }, { step: 100, loss: mse + seed * 1e-4 }],
    reconstructions: heard.map((one) => ({ maskRatio: 0.75, sound: one, loss: mse, mse: mse * (one === sound ? 1 : 2) + seed * 1e-5, clips: 9 })),
    classifications: heard.map((one) => ({ sound: one, blur: 0, lowRes: 1, videos: 1000, right: rightly(one === sound ? top1 : top1 / 2), top1: (one === sound ? top1 : top1 / 2) + seed * 1e-3, top5: 1, perClass: [top1, top1, 1, null]})),
  };
} // prettier-ignore

function resultsOf(runs: readonly RunResult[]): Results {
  return schema.parse({
    schema: 2,
    avme: '0',
    caches: [{ fingerprint: 'f'.repeat(64), train: 2000, test: 500, sounding: 1 }],
    finetuneCaches: [],
    classes: LABELS,
    protocol: { seeds: [0, 1, 2], testSplits: ['test'], steps: 100, finetuneSteps: 50, batch: 4, maskRatio: 0.75, backend: 'wasm', cores: 2, jobs: 2 }, // prettier-ignore
    runs,
    commands: ['avme pretrain --cache <x>'],
    seconds: 7200,
  });
}

const three = (of: (seed: number) => RunResult) => [0, 1, 2].map(of);
const all = [
  ...three((seed) => run('av', seed, 0.01, 0.9)),
  ...three((seed) => run('av-self', seed, 0.01, 0.9)),
  ...three((seed) => run('av-cross', seed, 0.009, 0.95)),
  ...three((seed) => run('av-no-cross', seed, 0.011, 0, 'own', 0.75, 8)),
  ...three((seed) => run('av', seed, 0.01, 0.95, 'own', 0.9)),
  ...three((seed) => run('av', seed, 0.01, 0.4, 'own', 0.95)),
  ...three((seed) => run('av-no-cross', seed, 0.012, 0.8, 'own', 0.9)),
  ...three((seed) => run('av-no-cross', seed, 0.012, 0.8)),
  ...three((seed) => run('v', seed, 0.015, 0.5)),
  ...three((seed) => run('cav-mae', seed, 0.5, 0.7)),
  ...three((seed) => run('av', seed, 0.0149, 0.51, 'shuffled')),
  ...three((seed) => run('av', seed, 0.011, 0.85, 'presence')),
];

describe('the report of a reproduction', () => {
  const claims = (runs: readonly RunResult[]) => claimsOf(new Measures(resultsOf(runs)));
  const verdicts = (runs: readonly RunResult[]) => claims(runs).map(({ verdict }) => verdict);

  it('judges each claim by the numbers', () => {
    const [holds, fails, open] = ['holds', 'does not hold', 'not decided'];
    const errors = [holds, holds, holds, open, fails];
    const accuracies = [holds, open, holds, open, fails, holds];
    const ratios = [holds, holds, fails, holds];
    const controls = [holds, holds, holds, holds, holds, holds, fails, fails];
    assert.deepEqual(verdicts(all), [...errors, ...accuracies, ...ratios, ...controls]);
  });

  it('says interval, seeds and chance of each, and who alone was right', () => {
    const noisy = [0, 1, 2].flatMap((seed) => [
      { ...run('av', seed, 0.01, 0.9), classifications: run('av', 0, 0, 0.9).classifications.map((one) => ({ ...one, top1: [0.7, 0.8, 0.75][seed]! })) }, // prettier-ignore
      { ...run('v', seed, 0.01, 0.5), classifications: run('v', 0, 0, 0.5).classifications },
    ]);
    const found = claims(noisy).find(({ text }) => text.includes('above VideoMAE’s'));
    // t of two degrees of freedom is 4.303: 0.25 ± 4.303 · 0.05 / √3; eight, of seed 0 on, gain four of ten.
    assert.equal(found?.gap, '+25.0 [+12.6, +37.4] points');
    assert.equal(found.n, 3);
    assert.equal(found.discordant, '12 : 0, p < 0.001');
  });

  it('corrects the chances for all claims that were run', () => {
    const [error] = claims(all);
    assert.ok(error?.p !== null && error?.p !== undefined && error.p < 0.05);
    const alone = all.filter(({ variant, sound, maskRatio }) => ['av', 'v'].includes(variant) && sound === 'own' && maskRatio === 0.75); // prettier-ignore
    // Gaps of which the chance is some 3 % hold by themselves alone.
    const weak = (runs: readonly RunResult[]) => claims(runs.map((one) => (one.variant === 'v' ? { ...one, reconstructions: one.reconstructions.map((each) => ({ ...each, mse: 0.01 + [0.001, 0.002, 0.0016][one.seed]! })) } : one)))[0]!; // prettier-ignore
    const few = weak(alone.map((one) => ({ ...one, classifications: [], reconstructions: one.reconstructions.slice(0, 1) }))); // prettier-ignore
    assert.deepEqual([few.verdict, weak(all).verdict], ['holds', 'not decided']);
  });

  it('says not run of what was not run, and decides nothing by one seed', () => {
    const one = all.filter(
      ({ seed, variant }) => seed === 0 && (variant === 'av' || variant === 'v'),
    );
    assert.deepEqual(new Set(verdicts(one)), new Set(['not decided', 'not run']));
    const { markdown } = renderReport(resultsOf(one.filter(({ sound }) => sound === 'own')), []);
    assert.doesNotMatch(markdown, /\| CAV-MAE \|/);
    assert.doesNotMatch(markdown, /NaN|undefined|Infinity/);
  });

  it('turns a verdict about with the numbers', () => {
    const turned = all.map((one) => ({ ...one, variant: one.variant === 'av' && one.sound === 'own' && one.maskRatio === 0.75 ? 'v' : one.variant === 'v' ? 'av' : one.variant })); // prettier-ignore
    const found = verdicts(turned);
    assert.deepEqual([found[0], found[5]], ['does not hold', 'does not hold']);
  });

  it('never ranks the errors of CAV-MAE', () => {
    const worse = all.map((one) => (one.variant === 'cav-mae' ? { ...one, reconstructions: one.reconstructions.map((each) => ({ ...each, mse: 1e-9 })) } : one)); // prettier-ignore
    assert.deepEqual(verdicts(worse), verdicts(all));
    const { markdown } = renderReport(resultsOf(all), []);
    const tableII = markdown.slice(markdown.indexOf('Table II:'), markdown.indexOf('figures/loss.svg')); // prettier-ignore
    assert.doesNotMatch(tableII, /CAV-MAE/);
  });

  it('page and Markdown say the same numbers, and nothing of the data is markup', () => {
    const figure = { file: 'figures/a "b".png', caption: '<script>alert(1)</script>' };
    const { html, markdown, plots } = renderReport(resultsOf(all), [figure]);
    for (const number of [
      '10.01 [9.99, 10.03]',
      '90.1 [89.9, 90.3]',
      '90.0 [88.0, 91.8]',
      '98.8',
      '0.5909',
      '2 h 00 min',
      '2,000',
      '250',
    ])
      for (const text of [html, markdown.replaceAll('\\', '')]) assert.ok(text.includes(number), number); // prettier-ignore
    assert.ok(html.includes('a-&lt;one&gt;') && !html.includes('<one>'));
    assert.ok(!html.includes('<script') && html.includes('figures/a%20%22b%22.png'));
    assert.ok(markdown.includes('a-two\\|') && markdown.includes('a-\\<one\\>'));
    assert.deepEqual([...plots.keys()], ['figures/loss.svg']);
    for (const svg of plots.values()) assert.match(svg, /^<svg [^>]*role="img"[\s\S]*<\/svg>$/);
    // Every row of a table has as many cells as its head.
    for (const table of markdown.split('\n\n').filter((part) => part.startsWith('|')))
      assert.equal(new Set(table.split('\n').map((row) => row.replace(/\\\|/g, '').split('|').length)).size, 1, table); // prettier-ignore
  });

  it('says whose clips the accuracy is of', () => {
    const results = resultsOf(all);
    assert.doesNotMatch(renderReport(results, []).markdown, /classifiers, and all accuracy/);
    const labelled = { fingerprint: 'e'.repeat(64), train: 8000, test: 501, sounding: 0.5 };
    const { markdown } = renderReport({ ...results, finetuneCaches: [labelled] }, []);
    assert.match(markdown, /all accuracy: 8,000 clips to learn from, 501 to be measured on, 50 % .*; cache eeeeeeeeeeee/); // prettier-ignore
  });

  it('groups classes whose labels begin alike, where that says something', () => {
    assert.deepEqual([...groupsOf(LABELS)], [['a', [0, 1]], ['b', [2, 3]]]); // prettier-ignore
    assert.equal(groupsOf(['x', 'y', 'z']).size, 0);
    assert.equal(groupsOf(['x-1', 'x-2']).size, 0);
  });

  it('marks axes at round numbers inside them', () => {
    assert.deepEqual(ticks(0.0132, 0.0251), [0.015, 0.02, 0.025]);
    assert.deepEqual(ticks(0, 2000), [0, 500, 1000, 1500, 2000]);
    assert.deepEqual(ticks(3, 3), [3]);
  });

  it('fits a telephone, asks for nothing, and its plots have names, in Chromium', async function () {
    const chromium = chromiumPath();
    if (chromium === undefined) this.skip();
    const folder = await mkdtemp(join(tmpdir(), 'avme-report-'));
    const file = join(folder, 'report.html');
    await writeFile(file, renderReport(resultsOf(all), []).html);
    const browser = await launch(chromium);
    try {
      const url = pathToFileURL(file).href;
      for (const viewport of [
        { width: 400, height: 800 },
        { width: 1200, height: 800 },
      ]) {
        // prettier-ignore
        const { page, complaints } = await openPage(browser, url, { viewport });
        await page.goto(url);
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), viewport.width);
        assert.deepEqual(complaints, []);
        assert.equal(await page.getByRole('img', { name: 'Loss of pre-training by step' }).count(), 1); // prettier-ignore
        assert.equal(await page.getByRole('rowheader', { name: 'a-<one>' }).count(), 0);
        await page.getByText('Each of the 4 classes').click();
        assert.equal(await page.getByRole('rowheader', { name: 'a-<one>' }).count(), 1);
      }
    } finally {
      await browser.close();
      await rm(folder, { recursive: true });
    }
  });
});
