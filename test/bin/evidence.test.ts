import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CLASSES } from '../../experiments/evidence/classes.js';
import { openCache } from '../../cache/reader.js';
import { pitchOf } from '../../experiments/evidence/sound.js';
import type { Scene } from '../../experiments/evidence/scene.js';
import { correlation } from '../experiments/evidence/oracle.js';
import { avme, refused } from '../support/cli.js';
import { ffmpeg, scratchFolder } from '../support/media.js';
import { slow } from '../support/slow.js';

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
      for (const key of ['path', 'split', 'group', 'actor', 'nuisance', 'hasAudio'])
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

  it('has its clicks and its pitch in its MFCC, at their time', async () => {
    const lines = (await readFile(scratch.path('whole/list.jsonl'), 'utf8')).trim().split('\n');
    const scenes = new Map(lines.map((line) => JSON.parse(line) as Scene & { path: string }).map((scene) => [scene.path, scene])); // prettier-ignore
    const reader = await openCache(scratch.path('cache-train'));
    const [singing, steps] = [[] as number[], [] as number[]];
    for (let i = 0; i < TRAIN; i++) {
      const { header, mfcc } = reader.sample(i);
      const { actor, nuisance } = scenes.get(header.id)!;
      const [start] = header.span;
      // 192 frames of 10 ms.
      const cepstrum = (frame: number, c: number) => mfcc[frame * 13 + c]!;
      if (actor.kind === 'bouncer') {
        for (const { time } of actor.clicks) {
          const frame = Math.floor((time - start) * 100);
          if (frame < 6 || frame > 185) continue;
          // The loudness steps up within two hops of the click.
          const step = (at: number) => cepstrum(at + 2, 0) - cepstrum(at - 2, 0);
          const nearby = [-2, -1, 0, 1, 2].map((lag) => step(frame + lag));
          const elsewhere = [-5, -4].map((lag) => Math.abs(step(frame + lag)));
          steps.push(Math.max(...nearby) - Math.max(...elsewhere));
        }
        continue;
      }
      const pitch = pitchOf(actor, nuisance.transposition);
      const frames = Array.from({ length: 192 }, (_, frame) => frame);
      const octaves = frames.map((frame) => Math.log2(pitch(start + (frame + 0.5) / 100)));
      // The higher the voice, the less the low half of the mel bands outweighs the high one.
      singing.push(-correlation(octaves, frames.map((frame) => cepstrum(frame, 1)))); // prettier-ignore
    }
    await reader.close();
    assert.ok(steps.length >= 8, `${steps.length} clicks`);
    assert.ok(Math.min(...steps) > 10, `loudness steps up by ${steps.join(' ')}`);
    const heard = singing.filter((value) => value > 0.5).length;
    assert.ok(heard >= 0.75 * singing.length, `correlations ${singing.join(' ')}`);
  });

  it('makes only what is missing, the same bytes as before', async () => {
    const before = await clipsIn('whole');
    const gone = [...before.keys()].slice(3, 5);
    for (const name of gone) await rm(scratch.path(join('whole', name)));
    assert.equal((await make('whole'))?.['made'], gone.length);
    const after = await clipsIn('whole');
    assert.deepEqual([...after.keys()], [...before.keys()]);
    for (const [name, bytes] of after) assert.ok(bytes.equals(before.get(name)!), name);
  });

  slow.it('killed at any moment, leaves whole clips, and goes on to the same set', async () => {
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

  it('makes clips of another task and for validation, in a folder of their own', async () => {
    const asked = ['--task', 'lag', '--train', '2', '--val', '2', '--test', '0'];
    const done = await make('lag', ...asked);
    assert.equal(done?.['made'], 4);
    const text = await readFile(scratch.path('lag/list.jsonl'), 'utf8');
    const lines = text.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    assert.deepEqual(lines.map(({ split, label }) => `${String(split)} ${String(label)}`), ['train lag-follows', 'train lag-reversed', 'val lag-follows', 'val lag-reversed']); // prettier-ignore
    assert.match(await readFile(scratch.path('lag/README.md'), 'utf8'), /\| all classes \| 50 % \| 50 % \| 50 % \| 100 % \|/); // prettier-ignore
    await refused(['evidence', scratch.path('whole'), ...ARGS, '--task', 'lag'], 1, /holds clips made with/); // prettier-ignore
    assert.doesNotMatch(await readFile(scratch.path('whole/evidence.json'), 'utf8'), /task/);
  });

  it('mutes a share of the clips, and refuses to mix sets of other settings', async () => {
    await make('muted', '--silent', '1', '--train', '1', '--test', '0');
    const [clip] = (await clipsIn('muted')).keys();
    const path = `file:${scratch.path(join('muted', clip!))}`;
    await assert.rejects(ffmpeg('-i', path, '-vn', '-f', 's16le', '-'), /does not contain any stream/);
    await refused(['evidence', scratch.path('muted'), '--seed', '10'], 1, /holds clips made with .*choose another folder/); // prettier-ignore
  }); // prettier-ignore
});
