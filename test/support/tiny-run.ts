import assert from 'node:assert/strict';
import { makeDemoMedia } from '../../experiments/demo/demo-media.js';
import { avme } from './cli.js';
import { copyOf, fixture } from './fixture.js';
import { scratchFolder } from './media.js';

/** A model so small that a step takes milliseconds, with every part that the real one has. */
const TINY =
  '--width 24 --depth 1 --heads 2 --decoder-width 16 --decoder-depth 1 --decoder-heads 2 ' +
  '--audio-filters 8,8,8,8 --audio-layers 1,1,1,1';
const TRAINING = '--steps 12 --batch 3 --lr 1e-3 --flip 0.5 --backend wasm';
const FLAGS = `${TINY} ${TRAINING}`.split(' ');

async function done(args: readonly string[]): Promise<void> {
  const { code, stderr } = await avme(args);
  assert.equal(code, 0, stderr);
}

const videos = () => fixture('videos', (folder) => makeDemoMedia(folder, 1, () => undefined));

const cache = () =>
  fixture('tiny-cache', async (folder) => {
    const sizes = '--size 32 --patch 8 --mask-ratio 0.75'.split(' ');
    await done(['preprocess', await videos(), '--cache', folder, ...sizes]);
  });

const run = () =>
  fixture('tiny-run', async (folder) => {
    await done(['pretrain', '--cache', await cache(), '--run', folder, ...FLAGS]);
  });

/** Two clips a video. */
const clips = () =>
  fixture('tiny-clips', async (folder) => {
    const sizes = '--size 32 --patch 8 --mask-ratio 0.75 --clips 2'.split(' ');
    await done(['preprocess', await videos(), '--cache', folder, ...sizes]);
  });

const classifier = () =>
  fixture('tiny-classifier', async (folder) => {
    const flags = '--steps 8 --batch 4 --lr 3e-3 --backend wasm'.split(' ');
    await done(['finetune', '--cache', await clips(), '--init', await run(), '--run', folder, ...flags]); // prettier-ignore
  });

export interface TinyRuns {
  /** Path of a run, a cache (`cache` is there, of 32-pixel clips) or anything else. */
  readonly path: (name: string) => string;
  /** The command that trains the run of this name for 12 steps. */
  readonly pretrain: (name: string, ...more: string[]) => string[];
  /** Puts a run there that {@link pretrain} has trained. */
  readonly trained: (name: string) => Promise<void>;
  /** Puts a classifier there, and a cache of the clips that it has learned from, two a video. */
  readonly classified: (name: string, cache: string) => Promise<void>;
}

/** Gives a suite a cache of ten demo videos and a place for its runs; call inside `describe`. */
export function useTinyRuns(): TinyRuns {
  const { path } = scratchFolder();
  before(async () => {
    await copyOf(videos(), path('videos'));
    await copyOf(cache(), path('cache'));
  });
  return {
    path,
    pretrain: (name, ...more) => [
      ...['pretrain', '--cache', path('cache'), '--run', path(name)],
      ...FLAGS,
      ...more,
    ],
    trained: (name) => copyOf(run(), path(name)),
    classified: async (name, cache) => {
      await copyOf(clips(), path(cache));
      await copyOf(classifier(), path(name));
    },
  };
}
