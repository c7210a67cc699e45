import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { existingManifest, writeManifest } from '../../cache/manifest/manifest.js';
import { partFolder } from '../../cache/merge/parts.js';
import { openCache } from '../../cache/reader.js';
import { AVME } from '../support/cli.js';
import { makeManyShards } from './many-shards.js';
import { OPTIONS, SHAPE, useFolder } from './support.js';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('./descriptors-process.js', import.meta.url));
/** Node itself takes up to 300 at once while it loads modules. */
const LIMIT = 450;
const SHARDS = 800;
const LOADER_SHAPE = { ...SHAPE, positions: 16 };

/** Runs a program that may open {@link LIMIT} files, as `ulimit -n` says. */
async function limited(...args: readonly string[]) {
  const words = ['-c', `ulimit -n ${LIMIT}; exec "$0" "$@"`, process.execPath, ...args];
  return run('sh', words).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
}

/** What descriptors-process.ts says. */
async function said(folder: string, what: string): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await limited(PROGRAM, folder, what);
  assert.equal(stderr, '');
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('a cache of more shards than a process may open files', function () {
  this.timeout(120_000);
  const folder = useFolder();
  const cache = () => join(folder(), 'cache');

  before(function () {
    if (process.platform !== 'linux') this.skip();
  });
  beforeEach(() => makeManyShards(cache(), SHARDS, { ...OPTIONS, shape: LOADER_SHAPE }));

  it('is read, a few files open at a time; what is borrowed stays as it is', async () => {
    const { samples, same, open, closed } = await said(cache(), 'read');
    assert.deepEqual({ samples, same }, { samples: SHARDS, same: true });
    assert.ok(Number(open) - Number(closed) <= 64, `${String(open)} open, ${String(closed)} after`);
  });

  it('is read with a single descriptor where the process has no others left', async () => {
    assert.deepEqual(await said(cache(), 'squeezed'), { read: SHARDS });
  });

  it('is loaded by threads', async () => {
    const { clips, open } = await said(cache(), 'load');
    assert.equal(clips, 2 * SHARDS);
    assert.ok(Number(open) < LIMIT);
  });

  it('is inspected, verified, and nothing is dropped', async () => {
    const before = await readFile(join(cache(), 'manifest.json'), 'utf8');
    const inspected = await limited(AVME, 'inspect', cache(), '--json');
    assert.equal(inspected.code, 0, inspected.stderr);
    const verified = await limited(AVME, 'verify', cache(), '--drop', '--jobs', '4');
    assert.match(verified.stdout, new RegExp(`done: ${SHARDS} samples good, 0 bad`));
    assert.equal(await readFile(join(cache(), 'manifest.json'), 'utf8'), before);
  });

  it('says in plain words when there is no descriptor at all, and does not speak of damage', async () => {
    const { said: words } = await said(cache(), 'none');
    assert.match(String(words), /^UnavailableError: .*shard-00000\.lmdb cannot be opened: this process may not open more files: raise the limit, e\.g\. with ulimit -n 4096, .* and run again$/); // prettier-ignore
  });

  it('is not taken for damaged by verify when its files cannot be opened', async () => {
    const { said: words } = await said(cache(), 'survey');
    assert.match(String(words), /^UnavailableError: .*this process may not open more files/);
  });
});

describe('ffmpeg without descriptors for its pipes', () => {
  const folder = useFolder();

  it('is not taken for a bad video, and says what to do', async function () {
    if (process.platform !== 'linux') this.skip();
    this.timeout(60_000);
    const { said: words } = await said(folder(), 'ffmpeg');
    assert.match(String(words), /^Error: cannot start ffmpeg .*EMFILE; this process may not open more files: raise the limit/); // prettier-ignore
  });
});

describe('more parts than a process may open files', function () {
  this.timeout(120_000);
  const folder = useFolder();

  it('are joined', async function () {
    if (process.platform !== 'linux') this.skip();
    const partAt = (index: number) => join(folder(), partFolder({ index, count: SHARDS }));
    await makeManyShards(partAt(0), 2, OPTIONS);
    const { statistics, ...manifest } = await existingManifest(partAt(0));
    await mkdir(partAt(1));
    await writeManifest(partAt(1), { ...manifest, samples: 0, shards: [], statistics: null });
    const record = { path: '/x', id: 'x', stage: 'read', cause: 'c', detail: '', time: '' };
    const line = JSON.stringify({ ...record, contentHash: null });
    for (let index = 2; index < SHARDS; index++) {
      await cp(join(partAt(1), 'manifest.json'), join(partAt(index), 'manifest.json'));
      await writeFile(join(partAt(index), 'quarantine.jsonl'), `${line}\n`);
    }
    const { code, stdout, stderr } = await limited(AVME, 'merge', folder());
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^joined ${SHARDS} parts: 2 samples in 2 shards`));
    const reader = await openCache(folder());
    assert.equal(reader.size, 2);
    await reader.close();
    assert.deepEqual(reader.manifest.statistics, statistics);
  });
});
