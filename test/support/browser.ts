import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import {
  chromium,
  type Browser,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The browser on this machine, or undefined; `CHROMIUM_PATH` names another. */
export function chromiumPath(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  return named === undefined || named === '' ? PLACES.find((path) => existsSync(path)) : named;
}

/** Starts a browser that talks to nobody but those it is sent to. */
export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page, and everything that went wrong on it: errors, refused requests, requests to elsewhere. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: string[];
}

/** @param origin where the page may ask; everything else is a complaint */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width: 1100, height: 800 }, ...options });
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!/^(data|blob):/.test(url) && !url.startsWith(origin)) complaints.push(`asked ${url}`);
  });
  return { page, complaints };
}

/** Waits until an expression is true in a page; from outside, since the page allows no eval. */
export async function holds(page: Page, expression: string): Promise<void> {
  const end = performance.now() + 20_000;
  while ((await page.evaluate(expression)) !== true) {
    assert.ok(performance.now() < end, `never true: ${expression}`);
    await page.waitForTimeout(50);
  }
}

/** The parts of a canvas that are used here: the types of the browser are not those of Node. */
interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
  };
}

/** Mean of all values of a canvas, 0 to 255. */
export function meanOf(canvas: Locator): Promise<number> {
  return canvas.evaluate((element: unknown) => {
    const drawn = element as Canvas;
    const { data } = drawn.getContext('2d').getImageData(0, 0, drawn.width, drawn.height);
    return data.reduce((sum, value) => sum + value, 0) / data.length;
  });
}
