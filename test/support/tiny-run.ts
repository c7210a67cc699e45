import assert from 'node:assert/strict';
import { makeDemoMedia } from '../../experiments/demo/demo-media.js';
import { avme } from './cli.js';
import { scratchFolder } from './media.js';

/** A model so small that a step takes milliseconds, with every part that the real one has. */
const TINY =
  '--width 24 --depth 1 --heads 2 --decoder-width 16 --decoder-depth 1 --decoder-heads 2 ' +
  '--audio-filters 8,8,8,8 --audio-layers 1,1,1,1';
const TRAINING = '--steps 12 --batch 3 --lr 1e-3 --flip 0.5 --backend wasm';

export interface TinyRuns {
  /** Path of a run, a cache (`cache` is there, of 32-pixel clips) or anything else. */
  readonly path: (name: string) => string;
  /** The command that trains the run of this name for 12 steps. */
  readonly pretrain: (name: string, ...more: string[]) => string[];
}

/** Gives a suite a cache of ten demo videos and a place for its runs; call inside `describe`. */
export function useTinyRuns(): TinyRuns {
  const { path } = scratchFolder();
  before(async () => {
    await makeDemoMedia(path('videos'), 1, () => undefined);
    const sizes = '--size 32 --patch 8 --mask-ratio 0.75'.split(' ');
    const made = await avme(['preprocess', path('videos'), '--cache', path('cache'), ...sizes]);
    assert.equal(made.code, 0, made.stderr);
  });
  const flags = `${TINY} ${TRAINING}`.split(' ');
  return {
    path,
    pretrain: (name, ...more) => [
      ...['pretrain', '--cache', path('cache'), '--run', path(name)],
      ...flags,
      ...more,
    ],
  };
}
