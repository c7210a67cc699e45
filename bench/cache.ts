/**
 * How fast training samples come out of the cache: batches of 32 clips of 2.4 MB in random order into
 * shared memory, checksums verified, against a copy of the same bytes (the floor) and, where Python
 * has the packages, py-lmdb and PyTorch's DataLoader on the same data. All in turn in every round.
 * Then from a cold disk, against `dd`, and the memory over ten epochs.
 *
 *   node dist/bench/cache.js [SAMPLES] [ROUNDS]
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { epochOrder } from '../cache/order/order.js';
import { openCache } from '../cache/reader.js';
import { openCacheWriter } from '../cache/writer.js';
import type { ClipShape } from '../cache/records.js';
import { Loader } from '../stages/load/loader.js';

const SHAPE: ClipShape = {
  ...{ frames: 16, size: 224, storeSize: 224, square: true, positions: 196, mfccFrames: 256, cepstra: 13 },
}; // prettier-ignore
const BATCH = 32;
const FRAME_BYTES = 16 * 224 * 224 * 3;
const [samples = 384, rounds = 5] = process.argv.slice(2).map(Number);
const print = (text: string) => process.stdout.write(`${text}\n`);

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]) => sorted(values)[values.length >> 1] ?? NaN;
const spread = (values: readonly number[], digits = 0) =>
  `${median(values).toFixed(digits)} (${(sorted(values)[0] ?? NaN).toFixed(digits)}–${(sorted(values).at(-1) ?? NaN).toFixed(digits)})`;

/** Bytes that no two samples share, and that no file system can squeeze. */
function framesOf(number: number): Uint8Array {
  let state = (number + 1) * 2654435761;
  const words = Uint32Array.from({ length: FRAME_BYTES / 4 }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0)); // prettier-ignore
  return new Uint8Array(words.buffer);
}

async function makeCache(folder: string): Promise<void> {
  const writer = await openCacheWriter(folder, { configuration: { maskRatio: 0.9 }, tools: { bench: 1 }, shape: SHAPE }); // prettier-ignore
  const mask = Uint8Array.from({ length: SHAPE.positions }, (_, i) => (i < 176 ? 1 : 0));
  for (let i = 0; i < samples; i++) {
    const name = String(i).padStart(6, '0');
    await writer.put({
      header: {
        ...{ key: name, path: `/v/${name}`, id: name, label: `${i % 9}`, split: null, start: null, end: null },
        ...{ contentHash: name, clip: 0, height: 224, width: 224, times: [0], span: [0, 2] },
        flags: { audioPresent: true, substituted: 0, held: 0, warnings: [] },
      },
      frames: framesOf(i),
      mask,
      mfcc: new Float32Array(SHAPE.mfccFrames * SHAPE.cepstra).fill(i),
    }); // prettier-ignore
  }
  await writer.seal();
}

/** @returns samples a second, and the delay of the event loop in ms meanwhile, 50 % and 99 % */
async function load(cache: string, workers: number, epochs = 1, onEpoch?: (epoch: number) => void) {
  const reader = await openCache(cache);
  const loader = new Loader({
    sources: [{ reader }],
    ...{ batch: BATCH, seed: 1, mask: 'epoch', maskRatio: 0.9, workers },
    augment: { crop: 'none', flip: 0 },
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let count = 0;
  let start = 0;
  let sum = 0;
  // The first batch comes with the threads; what counts is what follows.
  for await (const batch of loader.batches(0, BATCH + samples * epochs)) {
    if (batch.position === 0) {
      start = performance.now();
      delay.enable();
    } else count += batch.samples.length;
    sum += batch.video[batch.position % batch.video.length] ?? 0;
    batch.release();
    if (count % samples === 0) onEpoch?.(count / samples);
  }
  const seconds = (performance.now() - start) / 1000;
  delay.disable();
  await loader.close();
  await reader.close();
  if (!Number.isFinite(sum)) throw new Error('unreachable: pixels are numbers');
  return {
    rate: count / seconds,
    p50: delay.percentile(50) / 1e6,
    p99: delay.percentile(99) / 1e6,
  };
}

/** Copies as many bytes in the same order from one piece of memory into a batch in shared memory. */
function copyFloor(all: Uint8Array): number {
  const batch = new Uint8Array(new SharedArrayBuffer(BATCH * FRAME_BYTES)).fill(1);
  const at = epochOrder(samples, 1, 0);
  const start = performance.now();
  for (let i = 0; i < samples; i++) {
    const from = at(i) * FRAME_BYTES;
    batch.set(all.subarray(from, from + FRAME_BYTES), (i % BATCH) * FRAME_BYTES);
  }
  return samples / ((performance.now() - start) / 1000);
}

const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
const PEER = fileURLToPath(new URL('../../bench/peers/cache.py', import.meta.url));
const run = promisify(execFile);

/** Forgets a file's pages, so that the next read comes from the disk. */
const forget = (path: string) =>
  execFileSync('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], { stdio: 'ignore' }); // prettier-ignore

const work = await mkdtemp(join(tmpdir(), 'avme-bench-cache-'));
try {
  const cache = join(work, 'cache');
  print(`${samples} samples of ${(FRAME_BYTES / 1e6).toFixed(1)} MB, batches of ${BATCH}, ${rounds} rounds; medians (least–most)`); // prettier-ignore
  await makeCache(cache);
  const all = new Uint8Array(samples * FRAME_BYTES);
  for (let i = 0; i < samples; i++) all.set(framesOf(i), i * FRAME_BYTES);
  const raw = join(work, 'frames.bin');
  const file = await open(raw, 'w');
  await file.writeFile(all);
  await file.close();
  const probe = await run(PYTHON, [PEER, 'probe']).catch(() => undefined);
  const peers = probe?.stdout.trim().split('\n').filter(Boolean) ?? [];
  if (peers.length > 0) await run(PYTHON, [PEER, 'make', raw, join(work, 'peer.lmdb'), String(samples)]); // prettier-ignore
  await rm(raw);
  const rates = new Map<string, number[]>();
  const delays: number[] = [];
  const note = (name: string, rate: number) => rates.set(name, [...(rates.get(name) ?? []), rate]);
  for (let round = 0; round < rounds; round++) {
    note('copy of the same bytes, one thread', copyFloor(all));
    for (const workers of [1, 2]) {
      const { rate, p99 } = await load(cache, workers);
      note(`avme loader, ${workers} thread${workers > 1 ? 's' : ''}`, rate);
      delays.push(p99);
    }
    for (const peer of peers) {
      const { stdout } = await run(PYTHON, [PEER, peer, join(work, 'peer.lmdb'), String(samples)]);
      note(`Python: ${peer}`, Number(stdout.trim()));
    }
  }
  for (const [name, values] of rates) print(`${name.padEnd(44)} ${spread(values).padEnd(24)} samples/s`); // prettier-ignore
  const ours = [1, 2].map((n) =>
    median(rates.get(`avme loader, ${n} thread${n > 1 ? 's' : ''}`) ?? []),
  );
  for (const [name, values] of rates)
    if (!name.startsWith('avme'))
      print(`avme at ${(Math.max(...ours) / median(values)).toFixed(2)} of ${name}`);
  print(`delay of the event loop while loading, 99 %: ${spread(delays, 2)} ms`);

  const shards = (await readdir(join(cache, 'shards'))).filter((name) => name.endsWith('.lmdb')).map((name) => join(cache, 'shards', name)); // prettier-ignore
  const bytes = (await Promise.all(shards.map(async (path) => (await stat(path)).size))).reduce((a, b) => a + b, 0); // prettier-ignore
  const cold: number[] = [];
  const disk: number[] = [];
  for (let round = 0; round < 3; round++) {
    shards.forEach(forget);
    const start = performance.now();
    for (const path of shards) execFileSync('dd', [`if=${path}`, 'of=/dev/null', 'bs=4M'], { stdio: 'ignore' }); // prettier-ignore
    disk.push(bytes / 1e6 / ((performance.now() - start) / 1000));
    shards.forEach(forget);
    cold.push(((await load(cache, 1)).rate * bytes) / samples / 1e6);
  }
  print(`cold disk: dd ${spread(disk)} MB/s, loader ${spread(cold)} MB/s: ${spread(cold.map((rate, i) => rate / (disk[i] ?? NaN)), 2)} of it`); // prettier-ignore
  const resident: string[] = [];
  await load(cache, 2, 10, () => resident.push((process.memoryUsage.rss() / 1e6).toFixed(0)));
  print(`resident memory after each of ten epochs, MB: ${resident.join(' ')}`);
} finally {
  await rm(work, { recursive: true, force: true });
}
