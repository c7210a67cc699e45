/**
 * The inspector on a large cache: how long until a page with thumbnails is there, and how smoothly
 * it scrolls, in a real browser. Makes the cache first, with the library's own writer; a folder that
 * is given is kept and used again.
 * Run: npm run build && node dist/bench/inspect.js [samples] [folder]
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openCacheWriter } from '../cache/writer.js';
import type { ClipShape } from '../cache/records.js';
import { chromiumPath, launch } from '../test/support/browser.js';
import { makeSample } from '../test/cache/support.js';

const samples = Number(process.argv[2] ?? 100_000);
const given = process.argv[3];
const ROUNDS = 5;

const SHAPE: ClipShape = {
  frames: 4,
  size: 16,
  storeSize: 16,
  square: true,
  positions: 4,
  mfccFrames: 8,
  cepstra: 3,
};

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const at = (values: readonly number[], fraction: number) =>
  sorted(values)[Math.min(values.length - 1, Math.floor(fraction * values.length))] ?? NaN;
const round = (value: number) => value.toFixed(1);

async function makeCache(folder: string): Promise<void> {
  if (existsSync(join(folder, 'manifest.json'))) return;
  const start = performance.now();
  const options = { configuration: { stride: 4 }, tools: {}, shape: SHAPE };
  const writer = await openCacheWriter(folder, options);
  for (let from = 0; from < samples; from += 500)
    await Promise.all(
      Array.from({ length: Math.min(500, samples - from) }, (_, i) =>
        writer.put(makeSample(from + i, SHAPE)),
      ),
    );
  await writer.seal();
  console.log(`cache of ${samples} samples made in ${round((performance.now() - start) / 1000)} s`);
}

/** Starts the inspector as a user does. */
async function startServer(folder: string) {
  const start = performance.now();
  const program = fileURLToPath(new URL('../bin/avme.js', import.meta.url));
  const child = spawn(
    process.execPath,
    [program, 'inspect', folder, '--port', '0', '--no-open', '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface(child.stdout)) {
    const { url } = JSON.parse(line) as { url: string };
    return { url, child, start, listening: performance.now() - start };
  }
  throw new Error('the inspector ended before it listened');
}

/** Scrolls by a steady pace for some seconds and gives the time between frames, in milliseconds. */
const SCROLL = (speed: number) => `new Promise((resolve) => {
  const box = document.querySelector('.gallery');
  const deltas = []; let empty = 0; let last; const begin = performance.now();
  requestAnimationFrame(function tick(now) {
    if (last !== undefined) { deltas.push(now - last); box.scrollTop += ${speed} * (now - last) / 1000; }
    last = now;
    if (![...document.querySelectorAll('.cell a')].length) empty++;
    if (now - begin < 4000) requestAnimationFrame(tick); else resolve({ deltas, empty });
  });
})`;

/** Until as many thumbnails as fill the view are drawn. */
const PAINTED = `new Promise((resolve) => {
  requestAnimationFrame(function tick() {
    const images = [...document.querySelectorAll('.cell img')].slice(0, 24);
    if (images.length === 24 && images.every((image) => image.complete && image.naturalWidth > 0))
      requestAnimationFrame(() => resolve(performance.now()));
    else requestAnimationFrame(tick);
  });
})`;

const folder = given ?? (await mkdtemp(join(tmpdir(), 'avme-bench-inspect-')));
const executable = chromiumPath();
if (executable === undefined)
  throw new Error('this bench needs Chromium; name one in CHROMIUM_PATH');
try {
  await makeCache(folder);
  console.log(`load of the machine ${loadavg().map(round).join(' ')}`);
  const browser = await launch(executable);
  const { url, child, start, listening } = await startServer(folder);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(url);
    await page.evaluate(PAINTED);
    console.log(`cold: listening after ${round(listening)} ms, thumbnails after ${round(performance.now() - start)} ms, from the start of the command`); // prettier-ignore
    const shell: number[] = [];
    const first: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const fresh = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      await fresh.goto(url);
      first.push(await fresh.evaluate<number>(PAINTED));
      shell.push(await fresh.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0].startTime")); // prettier-ignore
      await fresh.close();
    }
    console.log(`gallery from navigation: first paint ${round(at(shell, 0.5))} ms, thumbnails ${round(at(first, 0.5))} ms (${round(Math.min(...first))} to ${round(Math.max(...first))})`); // prettier-ignore
    for (const speed of [1000, 4000, 40_000]) {
      const { deltas, empty } = await page.evaluate<{ deltas: number[]; empty: number }>(SCROLL(speed)); // prettier-ignore
      console.log(`scrolling ${speed} px/s: ${deltas.length} frames, p50 ${round(at(deltas, 0.5))} ms, p95 ${round(at(deltas, 0.95))} ms, max ${round(Math.max(...deltas))} ms, ${empty} before the first sample in view had come`); // prettier-ignore
    }
    const search = performance.now();
    await page.getByRole('searchbox').fill('class-1/7777');
    await page.locator('.found', { hasText: /^\d+ samples?$/ }).waitFor();
    await page.locator('.cell a').first().waitFor();
    console.log(`search shown after ${round(performance.now() - search)} ms`);
  } finally {
    child.kill('SIGINT');
    await browser.close();
  }
} finally {
  if (given === undefined) await rm(folder, { recursive: true, force: true });
}
