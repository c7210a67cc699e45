import { modelConfig } from '../../../model/model-config.js';
import assert from 'node:assert/strict';
import { classifierConfig } from '../../../model/classifier.js';
import { classifierSpecs, pretrainSpecs } from '../../../model/systems.js';
import { PRESETS } from '../../../model/config.js';
import {
  namingOf,
  toHuggingFaceNames,
  toOriginalNames,
} from '../../../model/weights/weight-names.js';
import type { NamedArray } from '../../../model/weights/safetensors.js';
import type { WeightSpec } from '../../../model/weights/weights.js';

const SMALL = { ...PRESETS.ti, width: 12, heads: 2, depth: 2, decoderWidth: 6, decoderHeads: 1, decoderDepth: 1 }; // prettier-ignore

/** Weights of which every value says where it belongs. */
function weightsOf(specs: readonly WeightSpec[]): Map<string, NamedArray> {
  return new Map(
    specs.map(({ name, shape }, number) => {
      const size = shape.reduce((product, n) => product * n, 1);
      return [name, { shape, data: Float32Array.from({ length: size }, (_, i) => number + i / size) }];
    }),
  ); // prettier-ignore
}

const kinds = {
  'pre-training': pretrainSpecs(modelConfig.parse({ ...SMALL, variant: 'v' })),
  classification: classifierSpecs(
    modelConfig.parse({ ...SMALL, variant: 'v' }),
    classifierConfig.parse({ classes: 5, fusion: 'picture' }),
  ),
  'pre-training with sound': pretrainSpecs(modelConfig.parse({ ...SMALL, variant: 'av' })),
  'classification with sound': classifierSpecs(
    modelConfig.parse({ ...SMALL, variant: 'av' }),
    classifierConfig.parse({ classes: 5, fusion: 'late' }),
  ),
};

describe('names of weights', () => {
  for (const [kind, specs] of Object.entries(kinds))
    it(`${kind}: to transformers' and back, nothing lost`, () => {
      const ours = weightsOf(specs);
      const theirs = toHuggingFaceNames(ours);
      assert.equal(namingOf(theirs.keys()), 'huggingface');
      const { tensors, left } = toOriginalNames(theirs);
      assert.deepEqual(left, []);
      assert.deepEqual(new Map([...tensors].sort()), new Map([...ours].sort()));
    });

  it('are those of transformers', () => {
    const block = 'videomae.encoder.layer.1';
    const names = (kind: keyof typeof kinds) => [...toHuggingFaceNames(weightsOf(kinds[kind])).keys()]; // prettier-ignore
    const shared = [
      'videomae.embeddings.patch_embeddings.projection.weight',
      ...['query.weight', 'key.weight', 'value.weight', 'q_bias', 'v_bias'].map((name) => `${block}.attention.attention.${name}`),
      ...['attention.output.dense', 'intermediate.dense', 'output.dense', 'layernorm_before', 'layernorm_after'].map((name) => `${block}.${name}.bias`),
    ]; // prettier-ignore
    const own = {
      'pre-training': ['videomae.layernorm.weight', 'encoder_to_decoder.weight', 'mask_token', 'decoder.decoder_layers.0.layernorm_before.weight', 'decoder.norm.weight', 'decoder.head.bias'],
      classification: ['fc_norm.weight', 'classifier.weight', 'classifier.bias'],
    } as const; // prettier-ignore
    for (const kind of ['pre-training', 'classification'] as const)
      for (const name of [...shared, ...own[kind]])
        assert.ok(names(kind).includes(name), `${kind}: ${name}`);
  });

  it('query, key and value are the thirds of one matrix, in this order', () => {
    const ours = weightsOf(kinds.classification);
    const theirs = toHuggingFaceNames(ours);
    const whole = ours.get('blocks.1.attn.qkv.weight')!;
    assert.deepEqual(
      ['query', 'key', 'value'].flatMap((part) => [...theirs.get(`videomae.encoder.layer.1.attention.attention.${part}.weight`)!.data]),
      [...whole.data],
    ); // prettier-ignore
  });

  it('newer biases, wrappers and position tables are understood', () => {
    const ours = weightsOf(kinds['pre-training']);
    const newer = new Map(
      [...toHuggingFaceNames(ours)].map(([name, tensor]) => [
        `module.${name.replace(/\.([qv])_bias$/, (_, part) => `.${part === 'q' ? 'query' : 'value'}.bias`)}`,
        tensor,
      ]),
    );
    const zero = { shape: [12], data: new Float32Array(12) };
    newer.set('module.videomae.encoder.layer.0.attention.attention.key.bias', zero);
    newer.set('module.videomae.embeddings.position_embeddings', zero);
    const { tensors, left } = toOriginalNames(newer);
    assert.deepEqual(new Map([...tensors].sort()), new Map([...ours].sort()));
    assert.equal(left.length, 2);
    newer.set('module.videomae.encoder.layer.0.attention.attention.key.bias', { ...zero, data: zero.data.map(() => 1) }); // prettier-ignore
    assert.throws(() => toOriginalNames(newer), /keys have no bias/);
  });

  it('TalkNet’s audio encoder finds its place', () => {
    const tensor = { shape: [1], data: Float32Array.of(1) };
    const theirs = ['model.audioEncoder.layer1.0.bn1.weight', 'audioEncoder.conv1.weight', 'model.visualFrontend.x']; // prettier-ignore
    const { tensors } = toOriginalNames(new Map(theirs.map((name) => [name, tensor])));
    const specs = new Set(kinds['pre-training with sound'].map(({ name }) => name));
    const found = [...tensors.keys()].filter((name) => specs.has(name));
    assert.deepEqual(found, ['audio_encoder.layer1.0.bn1.weight', 'audio_encoder.conv1.weight']);
  });

  it('names that are the original’s already stay', () => {
    const ours = weightsOf(kinds['pre-training with sound']);
    assert.deepEqual(toOriginalNames(ours), { tensors: ours, left: [] });
  });

  it('a block without its key is an error that names it', () => {
    const theirs = toHuggingFaceNames(weightsOf(kinds.classification));
    theirs.delete('videomae.encoder.layer.0.attention.attention.key.weight');
    assert.throws(() => toOriginalNames(theirs), /layer\.0.*query, key and value/);
  });
});
