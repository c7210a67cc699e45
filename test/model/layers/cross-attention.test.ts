import assert from 'node:assert/strict';
import {
  attend,
  crossAttention,
  crossAttentionSpecs,
  headsFor,
} from '../../../model/layers/cross-attention.js';
import { weightsFrom } from '../../../model/weights/weights.js';
import { onEveryBackend } from '../../support/backends.js';
import { assertClose, readGolden, type Golden } from '../../support/golden.js';

describe('heads of the cross-attention', () => {
  it('are the divisor of the width that is nearest to 8, the smaller of two', () => {
    assert.deepEqual(
      [headsFor(192, 8), headsFor(108, 8), headsFor(7, 8), headsFor(22, 8)],
      [8, 9, 7, 11],
    );
  });
});

onEveryBackend('TalkNet’s cross-attention against the original', () => {
  let golden: Golden;
  before(async () => {
    golden = await readGolden('talknet-cross-attention');
  });

  it('declares exactly the weights of the original', () => {
    const declared = crossAttentionSpecs(64).map((spec) => [spec.name, spec.shape.join()]);
    const original = golden
      .names('model')
      .map((name) => [name, golden.array(`model.${name}`).shape.join()]);
    assert.deepEqual(declared.sort(), original.sort());
  });

  it('the attention alone, and the whole layer', async () => {
    const weights = weightsFrom(golden.weights('model'));
    const [src, tar] = [golden.tensor('input.src'), golden.tensor('input.tar')];
    await assertClose(
      attend(src, tar, weights, { heads: 8 }),
      golden.array('expect.attention_only'),
      1e-4,
      'attention',
    );
    await assertClose(
      crossAttention(src, tar, weights, { heads: 8 }),
      golden.array('expect.output'),
      1e-4,
      'output',
    );
  });

  it('dropout is a function of its seeds, and off without them', async () => {
    const weights = weightsFrom(golden.weights('model'));
    const [src, tar] = [golden.tensor('input.src'), golden.tensor('input.tar')];
    const run = (first: number) => {
      let seed = first;
      return crossAttention(src, tar, weights, {
        heads: 8,
        dropout: { rate: 0.1, nextSeed: () => String(seed++) },
      }).data();
    };
    assert.deepEqual(await run(1), await run(1));
    assert.notDeepEqual(await run(1), await run(2));
  });

  it('drops attention, what it gave, the hidden layer and the feed-forward’s answer', async () => {
    const weights = weightsFrom(golden.weights('model'));
    const [src, tar] = [golden.tensor('input.src'), golden.tensor('input.tar')];
    const run = async (changed: number) => {
      let places = 0;
      const nextSeed = () => String((places++ === changed ? 100 : 0) + places);
      const out = crossAttention(src, tar, weights, { heads: 8, dropout: { rate: 0.1, nextSeed } });
      assert.equal(places, 4);
      return await out.data();
    };
    const usual = await run(-1);
    for (const place of [0, 1, 2, 3])
      assert.notDeepEqual(await run(place), usual, `the mask of place ${place} changes nothing`);
  });
});
