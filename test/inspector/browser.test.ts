import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { serve, type InspectServer } from '../../inspector/server/server.js';
import { Inspection } from '../../inspector/views/inspection.js';
import {
  chromiumPath,
  holds,
  launch,
  meanOf,
  openPage,
  type WatchedPage,
} from '../support/browser.js';
import { avme } from '../support/cli.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

slow.describe('the inspector’s page in a browser', function () {
  this.timeout(180_000);
  const path = chromiumPath();
  if (path === undefined) {
    it('needs Chromium: install it, or name one in CHROMIUM_PATH');
    return;
  }
  const { path: at, pretrain } = useTinyRuns();
  let inspection: Inspection;
  let server: InspectServer;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  before(async () => {
    for (const [name, ...more] of [
      ['one', '--save-every', '6'],
      ['two', '--variant', 'av-no-cross'],
    ] as const) {
      // prettier-ignore
      const { code, stderr } = await avme(pretrain(name, ...more));
      assert.equal(code, 0, stderr);
    }
    inspection = await Inspection.open([at('one'), at('two'), at('cache')], 'wasm');
    server = await serve(inspection, 0);
    browser = await launch(path);
  });
  after(async () => {
    await browser.close();
    await server.close();
    await inspection.close();
  });
  beforeEach(async () => {
    watched = await openPage(browser, server.url);
    page = watched.page;
  });
  afterEach(async () => {
    await page.close();
    assert.deepEqual(watched.complaints, []);
  });

  const until = (expression: string) => holds(page, expression);
  const open = (hash: string) => page.goto(`${server.url}${hash}`);
  const cells = () => page.locator('.cell a');
  const frame = async () => Number(await page.locator('output[data-frame]').getAttribute('data-frame')); // prettier-ignore
  const brightness = () => meanOf(page.locator('.player canvas'));

  it('opens, filters and finds', async () => {
    await open('#/cache/0');
    await cells().first().waitFor();
    assert.equal(await cells().count(), 10);
    assert.equal(await page.title(), 'cache · avme inspect');
    await page.keyboard.press('/');
    const name = (await page.locator('.cell .label').nth(3).textContent()) ?? '';
    await page.keyboard.type(name.toUpperCase());
    await page.locator('.found', { hasText: /^1 sample/ }).waitFor();
    assert.equal(await page.locator('.cell .label').first().textContent(), name);
    assert.match(page.url(), new RegExp(`q=${name.toUpperCase()}`));
    await page.getByRole('searchbox').fill('');
    await page.getByLabel('State').selectOption('-sound');
    await page.getByText('No sample passes this filter.').waitFor();
    await page.getByLabel('State').selectOption('sound');
    await page.locator('.found', { hasText: '10 samples' }).waitFor();
    // The address is the view.
    const url = page.url();
    await page.goto('about:blank').catch(() => undefined);
    watched.complaints.length = 0;
    await page.goto(url);
    await page.locator('.found', { hasText: '10 samples' }).waitFor();
    assert.equal(await page.getByLabel('State').inputValue(), 'sound');
  });

  it('goes by keys from sample to sample, frame to frame, and back', async () => {
    await open('#/cache/0');
    await cells().first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await until("document.activeElement?.dataset.place === '2'");
    await page.keyboard.press('Enter');
    await page.getByText('3 of 10').waitFor();
    await page.locator('.strip canvas').nth(15).waitFor();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
    await page.locator('.strip button').first().click();
    await page.locator('.strip button').first().evaluate((button: unknown) => { (button as { blur: () => void }).blur(); }); // prettier-ignore
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    assert.equal(await frame(), 3);
    await page.keyboard.press('ArrowLeft');
    assert.equal(await frame(), 2);
    await until("location.hash.includes('frame=2')");
    await page.keyboard.press('j');
    await page.getByText('4 of 10').waitFor();
    await page.keyboard.press('k');
    await page.getByText('3 of 10').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await cells().nth(9).waitFor();
    assert.match(page.url(), /gallery/);
  });

  it('shows the tube mask, another one, and none', async () => {
    await open('#/cache/0');
    await cells().first().click();
    await page.locator('.strip canvas').nth(15).waitFor();
    await page.keyboard.press('Space');
    await page.locator('.strip button').first().click();
    await until("document.querySelector('.strip canvas').getContext('2d').getImageData(5, 5, 1, 1).data[3] > 0"); // prettier-ignore
    const bare = await brightness();
    await page.keyboard.press('m');
    await page.getByText('12 of 16 positions hidden, as in the cache').waitFor();
    const covered = await brightness();
    assert.ok(covered < bare - 2, `${covered} is darker than ${bare}`);
    await page.getByLabel('Ratio').fill('0.25');
    await page.getByText('4 of 16 positions hidden').waitFor();
    assert.ok((await brightness()) > covered, 'less of it is hidden');
    await page.getByRole('button', { name: 'The cache’s own' }).click();
    await page.getByText('12 of 16 positions hidden, as in the cache').waitFor();
    await page.getByLabel('Show it').uncheck();
    assert.equal(await brightness(), bare);
  });

  it('plays the sound of a clip, or says why it cannot', async () => {
    const list = await inspection.cache(0).list({ search: '', label: '', split: '', flags: [] }, 0, 10); // prettier-ignore
    const [first, second] = list.items;
    await open(`#/cache/0/sample/${first!.key}?frame=0`);
    await page.getByRole('button', { name: 'Play with sound' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    const { header } = await inspection.cache(0).sample(second!.index);
    await appendFile(header.path, 'changed');
    await open(`#/cache/0/sample/${second!.key}?frame=0`);
    await page.getByText('2 of 10').waitFor();
    await page.getByRole('button', { name: 'Play with sound' }).click();
    await page.getByText('has changed since the cache was made').waitFor();
    // The browser notes the refusal itself.
    watched.complaints.splice(0, 1, ...watched.complaints.slice(0, 1).filter((line) => !line.includes('409'))); // prettier-ignore
  });

  it('compares runs, and follows one that goes on', async () => {
    await open('#/run/0');
    const loss = page.locator('[data-metric="Loss"] .plot');
    await loss.locator('canvas').waitFor();
    const spoken = async () => (await loss.getAttribute('aria-label')) ?? '';
    assert.match(await spoken(), /one: /);
    assert.doesNotMatch(await spoken(), /two: /);
    await page.getByRole('checkbox', { name: /^two/ }).check();
    await until("document.querySelector('[data-metric=Loss] .plot').ariaLabel.includes('two: ')"); // prettier-ignore
    assert.match(page.url(), /runs=0%2C1/);
    const line = { step: 13, loss: 0.03125, lr: 1e-4, epoch: 4, clipsPerSecond: 1, accuracy: 0.5 };
    await appendFile(at('two/metrics.jsonl'), `${JSON.stringify(line)}\n`);
    await until("document.querySelector('[data-metric=Loss] .plot').ariaLabel.includes('two: 0.03125')"); // prettier-ignore
    await page.locator('[data-metric="accuracy"] canvas').waitFor();
  });

  it('shows what a model makes of a clip, checkpoint by checkpoint', async () => {
    await open('#/run/0/reconstructions?sample=2');
    await page.getByText(/Mean squared error of the masked pixels 0\.\d+/).waitFor();
    const late = await page.locator('.figure').textContent();
    await page.getByLabel('Checkpoint').fill('0');
    await page.getByText('step 6').waitFor();
    await until(`document.querySelector('.figure').textContent.includes('Mean') && document.querySelector('.figure').textContent !== ${JSON.stringify(late)}`); // prettier-ignore
    await open('#/run/0/samples?count=24');
    await page.getByText('Of 10 samples spread over the cache').waitFor();
    const errors = await page.locator('.ranked .label').allTextContents();
    assert.equal(errors.length, 10);
    const worst = errors.slice(0, 5).map(Number);
    assert.deepEqual(
      worst,
      worst.toSorted((a, b) => b - a),
    );
    assert.ok(worst[0]! >= Number(errors[5]), 'the worst is not better than the best');
  });

  it('shows where a model looks when it hears something', async () => {
    await open('#/run/0/attention?sample=1');
    await page.locator('.attention canvas').nth(7).waitFor();
    await page.getByText(/gives \d+ % of its attention to its own moment/).waitFor();
    await open('#/run/1/attention?sample=1');
    // The refusal is a message in the page, and noted by the browser.
    await page.getByText('has no cross-attention').waitFor();
    assert.match(watched.complaints.join(), /422/);
    watched.complaints.length = 0;
  });

  it('fits a phone, in the dark too', async () => {
    const phone = await openPage(browser, server.url, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }); // prettier-ignore
    const list = await inspection.cache(0).list({ search: '', label: '', split: '', flags: [] }, 0, 1); // prettier-ignore
    for (const hash of [
      '#/cache/0',
      '#/cache/0/overview',
      `#/cache/0/sample/${list.items[0]!.key}`,
      '#/run/0',
      '#/run/0/reconstructions',
      '#/run/0/attention',
      '#/run/0/settings',
    ]) {
      // prettier-ignore
      await phone.page.goto(`${server.url}${hash}`);
      await phone.page.locator('main > :nth-child(2)').first().waitFor();
      const width = await phone.page.evaluate('document.documentElement.scrollWidth');
      assert.equal(width, 360, hash);
    }
    const colour = await phone.page.evaluate('getComputedStyle(document.body).backgroundColor');
    assert.equal(colour, 'rgb(20, 23, 26)');
    await phone.page.close();
    assert.deepEqual(phone.complaints, []);
  });

  it('is also one file that needs nobody', async () => {
    const file = at('all.html');
    const made = await avme(['inspect', at('one'), at('cache'), '--html', file]);
    assert.equal(made.code, 0, made.stderr);
    const url = pathToFileURL(file).href;
    const alone = await openPage(browser, url);
    await alone.page.goto(`${url}#/cache/0`);
    await alone.page.locator('.cell a').nth(9).waitFor();
    const name = (await alone.page.locator('.cell .label').nth(4).textContent()) ?? '';
    await alone.page.getByRole('searchbox').fill(name);
    await alone.page.locator('.found', { hasText: /^1 sample of 10/ }).waitFor();
    await alone.page.locator('.cell a').first().click();
    await alone.page.locator('.strip canvas').nth(15).waitFor();
    await alone.page.goto(`${url}#/run/0/reconstructions`);
    await alone.page.getByText(/Mean squared error/).waitFor();
    await alone.page.goto(`${url}#/run/0/attention`);
    await alone.page.locator('.attention canvas').nth(7).waitFor();
    await alone.page.goto(`${url}#/run/0`);
    await alone.page.locator('[data-metric="Loss"] canvas').waitFor();
    await alone.page.close();
    assert.deepEqual(alone.complaints, []);
  });
});
