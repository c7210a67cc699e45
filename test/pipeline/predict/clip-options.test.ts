import assert from 'node:assert/strict';
import { modelConfig } from '../../../model/model-config.js';
import { PRESETS } from '../../../model/config.js';
import { clipsOfRun } from '../../../pipeline/predict/clip-options.js';

describe('clips as those that a run learned from', () => {
  const statistics = { mfcc: { mean: [0], std: [1] } };
  const run = (configuration: Record<string, unknown>) => ({
    data: { caches: [{ path: '/gone', fingerprint: 'f', samples: 1, selected: 1, configuration }] },
    statistics,
  });
  const config = modelConfig.parse(PRESETS.ti);

  it('have MFCCs of the same kind; those that say nothing are of the usual one', async () => {
    const talknet = await clipsOfRun(run({ fit: 'crop', mfcc: 'talknet' }), config);
    assert.equal(talknet.options.mfcc, 'talknet');
    assert.equal((await clipsOfRun(run({ fit: 'crop' }), config)).options.mfcc, 'meyda');
  });
});
