import type { RunDescription } from '../../../../pipeline/training/run/run-description.js';
import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkpointPath,
  listCheckpoints,
  openMetrics,
  openRun,
  pruneCheckpoints,
  readMetrics,
  readRun,
  type MetricsLine,
} from '../../../../pipeline/training/run/run-folder.js';

const description: RunDescription = {
  schema: 1,
  model: { width: 192, depth: 4 },
  training: { batch: 8, lr: 0.001 },
  data: {
    caches: [{ path: '/cache', fingerprint: 'f'.repeat(64), samples: 9, selected: 9 }],
  },
  begunWith: { avme: '0.1.0', node: 'v20', backend: 'wasm', precision: 'float32' },
};
const line = (step: number): MetricsLine => ({
  step, loss: 1 / step, lr: 0.001, epoch: step / 9, clipsPerSecond: 3, waiting: 0, replaced: 0,
}); // prettier-ignore

describe('run folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'avme-run-')), 'run');
  });
  afterEach(() => rm(join(folder, '..'), { recursive: true }));

  it('is made once and opened again by the same settings', async () => {
    assert.equal(await openRun(folder, description), false);
    assert.deepEqual(await readRun(folder), description);
    const elsewhere = {
      ...description,
      begunWith: { avme: '0.2.0', node: 'v22', backend: 'cpu', precision: 'bfloat16' as const },
    };
    assert.equal(await openRun(folder, elsewhere), true);
    assert.deepEqual(await readRun(folder), description, 'it keeps what began it');
  });

  it('of an earlier version, with one cache, is one of that cache’s samples', async () => {
    await openRun(folder, description);
    const { data, ...rest } = description;
    const [{ selected, ...cache } = { selected: 0 }] = data.caches;
    assert.equal(selected, 9);
    await writeFile(join(folder, 'run.json'), JSON.stringify({ ...rest, cache }));
    assert.deepEqual(await readRun(folder), description);
    assert.equal(await openRun(folder, description), true);
  });

  it('refuses other settings, naming each difference', async () => {
    await openRun(folder, description);
    const asked = {
      ...description,
      model: { width: 384, depth: 4 },
      data: { caches: [{ path: '/cache', fingerprint: '0'.repeat(64), samples: 9, selected: 9 }] },
    };
    await assert.rejects(openRun(folder, asked), (error: Error) => {
      assert.match(error.message, /model\.width: run has 192, asked for 384/);
      assert.match(error.message, /cache: run was trained on 9 samples of ffffffffffff/);
      assert.doesNotMatch(error.message, /depth/);
      return true;
    });
  });

  it('refuses a folder of something else, and one that holds no run', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'holiday.jpg'), '');
    await assert.rejects(openRun(folder, description), /not empty and holds no run/);
    await assert.rejects(readRun(folder), /is not a run folder/);
  });

  it('says so when run.json is damaged', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'run.json'), '{"schema": 1');
    await assert.rejects(readRun(folder), /not JSON/);
    await writeFile(join(folder, 'run.json'), '{"schema": 7}');
    await assert.rejects(readRun(folder), /does not describe a run/);
  });

  it('lists checkpoints by step, passes over other files, and keeps the newest', async () => {
    await openRun(folder, description);
    for (const step of [100, 20, 3]) await writeFile(checkpointPath(folder, step), '');
    await writeFile(join(folder, 'checkpoints', 'step-00000400.safetensors.tmp'), '');
    assert.deepEqual(
      (await listCheckpoints(folder)).map(({ step }) => step),
      [3, 20, 100],
    );
    await pruneCheckpoints(folder, 2);
    assert.deepEqual(
      (await listCheckpoints(folder)).map(({ step }) => step),
      [20, 100],
    );
  });

  it('drops metrics after the checkpoint, and a line torn by a kill', async () => {
    await openRun(folder, description);
    const first = await openMetrics(folder, 0);
    for (const step of [1, 2, 3]) await first.appendFile(`${JSON.stringify(line(step))}\n`);
    await first.close();
    await appendFile(join(folder, 'metrics.jsonl'), '{"step":4,"lo');
    assert.deepEqual(
      (await readMetrics(folder)).map(({ step }) => step),
      [1, 2, 3],
    );
    const second = await openMetrics(folder, 2);
    await second.appendFile(`${JSON.stringify(line(3))}\n`);
    await second.close();
    assert.deepEqual(await readMetrics(folder), [line(1), line(2), line(3)]);
    assert.match(await readFile(join(folder, 'metrics.jsonl'), 'utf8'), /\n$/);
  });
});
