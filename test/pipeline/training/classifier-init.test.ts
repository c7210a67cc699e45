import assert from 'node:assert/strict';
import { classifierConfig, pretrainedName } from '../../../model/classifier.js';
import { PRESETS } from '../../../model/config.js';
import { modelConfig } from '../../../model/model-config.js';
import { classifierSpecs, pretrainSpecs } from '../../../model/systems.js';
import { takeWeights } from '../../../pipeline/training/classifier-init.js';
import type { WeightSpec } from '../../../model/weights/weights.js';

const config = modelConfig.parse({ ...PRESETS.ti, depth: 1 });
const head = (centreInTime: boolean) =>
  classifierConfig.parse({ classes: 3, fusion: 'fused', centreInTime });
const zeros = (specs: readonly WeightSpec[]) =>
  new Map(specs.map(({ name, shape }) => [name, { shape: [...shape], data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }])); // prettier-ignore

describe('what a classifier begins with', () => {
  it('is all of a pre-trained model, but for its fusion where it is centred in time', () => {
    const found = zeros(pretrainSpecs(config));
    const as = takeWeights(found, config, head(false));
    const centred = takeWeights(found, config, head(true));
    const left = [...as.tensors.keys()].filter((name) => !centred.tensors.has(name));
    const fusion = ['encoder_to_decoder', 'audio_to_decoder', 'cross_a2v', 'cross_v2a', 'self_av', 'fusion_to_decoder']; // prettier-ignore
    assert.deepEqual(new Set(left.map((name) => name.split('.')[0])), new Set(fusion));
    assert.ok(left.every((name) => centred.lacking.includes(name)));
    assert.ok(centred.tensors.has('norm.weight') && centred.tensors.has('no_sound_token'));
    assert.ok([...centred.tensors.keys()].every((name) => found.has(pretrainedName(name))));
  });

  it('is all of another classifier, centred or not', () => {
    const specs = classifierSpecs(config, head(true));
    const { tensors, lacking } = takeWeights(zeros(specs), config, head(true));
    assert.deepEqual([lacking, tensors.size], [[], specs.length]);
  });
});
