import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CLASSES } from '../../stages/evidence/classes.js';
import { openCache } from '../../cache/index.js';
import { avme, refused } from '../support/cli.js';
import { ffmpeg, scratchFolder } from '../support/media.js';

const TRAIN = 24;
const TEST = 12;
const ARGS = ['--train', `${TRAIN}`, '--test', `${TEST}`, '--size', '32', '--seed', '9', '--json'];

describe('avme evidence', function () {
  this.timeout(120_000);
  const scratch = scratchFolder();

  const clipsIn = async (folder: string): Promise<Map<string, Buffer>> => {
    const names = await readdir(scratch.path(folder), { recursive: true });
    const clips = names.filter((name) => name.endsWith('.mp4')).sort();
    return new Map(
      await Promise.all(
        clips.map(async (name) => [name, await readFile(scratch.path(join(folder, name)))] as const), // prettier-ignore
      ),
    );
  };

  const make = async (folder: string, ...more: string[]) => {
    const result = await avme(['evidence', scratch.path(folder), ...ARGS, ...more]);
    assert.equal(result.code, 0, result.stderr);
    return result.events.at(-1);
  };

  before(async () => {
    const done = await make('whole');
    assert.equal(done?.['made'], TRAIN + TEST);
  });

  it('lists every clip with class, group, split and parameters, and describes the set', async () => {
    const text = await readFile(scratch.path('whole/list.jsonl'), 'utf8');
    const lines = text.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    assert.equal(lines.length, TRAIN + TEST);
    assert.deepEqual(new Set(lines.map(({ label }) => label)), new Set(CLASSES));
    for (const line of lines)
      for (const key of ['path', 'split', 'group', 'actor', 'nuisance', 'hasSound'])
        assert.ok(key in line, key);
    const clips = [...(await clipsIn('whole')).keys()];
    assert.deepEqual(lines.map(({ path }) => path).sort(), clips);
    assert.match(await readFile(scratch.path('whole/README.md'), 'utf8'), /\| all classes \| 50 % \| 50 % \| 66.7 % \| 100 % \|/); // prettier-ignore
    // The folder itself is a source, too: nothing but clips lies where classes do.
    assert.deepEqual((await readdir(scratch.path('whole/train'))).sort(), [...CLASSES].sort());
  });

  it('is preprocessed by split, every clip with sound', async () => {
    for (const [split, count] of [['train', TRAIN], ['test', TEST]] as const) {
      const cache = scratch.path(`cache-${split}`);
      const options = '--frames 16 --stride 3 --size 32 --patch 8 --mask-ratio 0.75'.split(' ');
      const list = scratch.path('whole/list.jsonl');
      const { code, stderr } = await avme(['preprocess', list, '--cache', cache, '--split', split, ...options]); // prettier-ignore
      assert.equal(code, 0, stderr);
      const reader = await openCache(cache);
      assert.equal(reader.manifest.samples, count);
      for (let i = 0; i < count; i++) {
        const { header } = reader.sample(i);
        assert.ok(header.flags.audioPresent);
        assert.equal(header.flags.held, 0);
        assert.equal(header.split, split);
      }
      await reader.close();
    }
  }); // prettier-ignore

  it('makes only what is missing, the same bytes as before', async () => {
    const before = await clipsIn('whole');
    const gone = [...before.keys()].slice(3, 5);
    for (const name of gone) await rm(scratch.path(join('whole', name)));
    assert.equal((await make('whole'))?.['made'], gone.length);
    const after = await clipsIn('whole');
    assert.deepEqual([...after.keys()], [...before.keys()]);
    for (const [name, bytes] of after) assert.ok(bytes.equals(before.get(name)!), name);
  });

  it('killed at any moment, leaves whole clips, and goes on to the same set', async () => {
    const folder = scratch.path('killed');
    for (const afterLines of [1, 8, 19]) {
      const kill = { signal: 'SIGKILL', afterLines } as const;
      assert.equal((await avme(['evidence', folder, ...ARGS], { kill })).code, null);
      const names = await readdir(folder, { recursive: true });
      for (const name of names.filter((name) => name.endsWith('.mp4'))) {
        const frames = await ffmpeg('-i', `file:${join(folder, name)}`, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'); // prettier-ignore
        assert.equal(frames.length, 50 * 32 * 32, name);
      }
    }
    await make('killed');
    const [killed, whole] = [await clipsIn('killed'), await clipsIn('whole')];
    assert.deepEqual([...killed.keys()], [...whole.keys()]);
    for (const [name, bytes] of killed) assert.ok(bytes.equals(whole.get(name)!), name);
    const left = (await readdir(folder, { recursive: true })).filter((name) => /\.(?:part|pcm|tmp|lock)$/.test(name)); // prettier-ignore
    assert.deepEqual(left, []);
  });

  it('stopped by Ctrl-C, ends with 130 and goes on', async () => {
    const folder = scratch.path('stopped');
    const kill = { signal: 'SIGINT', afterLines: 3 } as const;
    const stopped = await avme(['evidence', folder, ...ARGS], { kill });
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.equal((await make('stopped'))?.['clips'], TRAIN + TEST);
  });

  it('mutes a share of the clips, and refuses to mix sets of other settings', async () => {
    await make('muted', '--silent', '1', '--train', '1', '--test', '0');
    const [clip] = (await clipsIn('muted')).keys();
    const path = `file:${scratch.path(join('muted', clip!))}`;
    await assert.rejects(ffmpeg('-i', path, '-vn', '-f', 's16le', '-'), /does not contain any stream/);
    await refused(['evidence', scratch.path('muted'), '--seed', '10'], 1, /holds clips made with .*choose another folder/); // prettier-ignore
  }); // prettier-ignore
});
