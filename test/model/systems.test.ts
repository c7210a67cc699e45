import { modelConfig } from '../../model/model-config.js';
import { SYSTEM_NAMES } from '../../model/config.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../cache/order/random.js';
import { classifierConfig } from '../../model/classifier.js';
import { classifierSpecs, pretrainSpecs, systemOf } from '../../model/systems.js';
import { initialWeights } from '../../model/weights/init.js';

import { useBackend } from '../../engine/backend.js';

const SMALL = {
  ...{ imageSize: 16, patch: 8, frames: 4, mfccFrames: 16, melBands: 16 },
  ...{ width: 16, depth: 2, heads: 2, decoderWidth: 8, decoderDepth: 1, decoderHeads: 2 },
  ...{ audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1] },
};

describe('the registry of systems', () => {
  before(() => useBackend('cpu'));

  it('has those of the comparison and of the ablation', () => {
    assert.deepEqual([...SYSTEM_NAMES], ['av', 'av-self', 'av-cross', 'av-no-cross', 'v', 'cav-mae']); // prettier-ignore
  });

  for (const variant of SYSTEM_NAMES)
    describe(variant, () => {
      const config = modelConfig.parse({ ...SMALL, variant });

      it('has a configuration that survives being written down', () => {
        assert.deepEqual(modelConfig.parse(JSON.parse(JSON.stringify(config))), config);
        assert.equal(systemOf(config), systemOf({ variant }));
      });

      it('has weights of distinct names that can all be drawn', () => {
        const specs = pretrainSpecs(config);
        assert.equal(new Set(specs.map(({ name }) => name)).size, specs.length);
        const drawn = initialWeights(specs, (name) => randomFor(0, 0, name, 'init'));
        for (const { name, shape } of specs)
          assert.equal(drawn.get(name)!.length, tf.util.sizeFromShape([...shape]), name);
      });

      it('has a classifier for each way that it offers, which begins with what it has learned', () => {
        const learned = new Map(pretrainSpecs(config).map(({ name, shape }) => [name.replace(/^encoder\./, ''), shape.join()])); // prettier-ignore
        for (const fusion of systemOf(config).fusions) {
          const specs = classifierSpecs(config, classifierConfig.parse({ classes: 3, fusion }));
          const own = specs.filter(
            ({ name }) => !/^(fusion_norm|fc_norm|head|late_fusion)\./.test(name),
          );
          assert.ok(own.length > 10);
          for (const { name, shape } of own) assert.equal(learned.get(name), shape.join(), name);
        }
      });
    });

  it('refuses a name that it does not have, and says which it has', () => {
    const { error } = modelConfig.safeParse({ ...SMALL, variant: 'mae' });
    assert.match(
      error!.issues[0]!.message,
      /"av"\|"av-self"\|"av-cross"\|"av-no-cross"\|"v"\|"cav-mae"/,
    );
  });
});
