import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { serve, type InspectServer } from '../../inspector/server/server.js';
import { openCacheWriter } from '../../cache/writer.js';
import { Inspection } from '../../inspector/views/inspection.js';
import { makeSample, OPTIONS } from '../cache/support.js';
import { chromiumPath, holds, launch, openPage, type WatchedPage } from '../support/browser.js';
import { scratchFolder } from '../support/media.js';
import { slow } from '../support/slow.js';

const SAMPLES = 1000;

slow.describe('the inspector’s gallery', function () {
  this.timeout(120_000);
  const executable = chromiumPath();
  if (executable === undefined) {
    it('needs Chromium: install it, or name one in CHROMIUM_PATH');
    return;
  }
  const { path } = scratchFolder();
  let inspection: Inspection;
  let server: InspectServer;
  let browser: Browser;
  let watched: WatchedPage;

  before(async () => {
    const writer = await openCacheWriter(path('cache'), OPTIONS);
    await Promise.all(Array.from({ length: SAMPLES }, (_, i) => writer.put(makeSample(i))));
    await writer.seal();
    inspection = await Inspection.open([path('cache')], 'wasm');
    server = await serve(inspection, 0);
    browser = await launch(executable);
  });
  after(async () => {
    await browser.close();
    await server.close();
    await inspection.close();
  });
  beforeEach(async () => {
    watched = await openPage(browser, server.url);
  });
  afterEach(() => watched.page.close());

  it('has only what is in view on the page, wherever that is', async () => {
    const { page, complaints } = watched;
    await page.goto(server.url);
    await page.locator('.cell a').first().waitFor();
    const few = async () => {
      const count = await page.locator('.cell').count();
      assert.ok(count > 20 && count < 150, `${count} cells`);
    };
    await few();
    await page.locator('.cell a').first().focus();
    await page.keyboard.press('End');
    await holds(page, `document.activeElement?.dataset.place === '${SAMPLES - 1}'`);
    await few();
    const last = page.locator('.cell').last();
    assert.equal(await last.getAttribute('aria-posinset'), String(SAMPLES));
    await holds(page, "[...document.querySelectorAll('.cell img')].every((image) => image.complete && image.naturalWidth === 8)"); // prettier-ignore
    // The place is part of the address, and a filter begins at the top.
    await holds(page, "location.hash.includes('at=')");
    await page.reload();
    await page.locator(`[data-place="${SAMPLES - 1}"]`).waitFor();
    await page.getByLabel('Label', { exact: true }).selectOption('class-1');
    await page.locator('[data-place="0"]').waitFor();
    assert.ok(!page.url().includes('at='));
    assert.deepEqual(complaints, []);
  });

  it('shows messages for what is not there, and for a cache that is broken', async () => {
    const { page } = watched;
    for (const hash of ['#/cache/7', '#/nonsense']) {
      await page.goto(`${server.url}${hash}`);
      await page.getByText('There is nothing at this address.').waitFor();
    }
    await page.goto(`${server.url}#/cache/0/sample/no-such-key`);
    await page.getByText('the cache holds no sample with the key no-such-key').waitFor();
    await writeFile(path('manifest.json'), '{"format":');
    const second = await Inspection.open([path('')], 'wasm');
    const other = await serve(second, 0);
    try {
      await page.goto(other.url);
      await page.getByText(/manifest.json is damaged/).waitFor();
    } finally {
      await other.close();
      await second.close();
    }
  });
});
