import assert from 'node:assert/strict';
import fc from 'fast-check';
import { randomFor } from '../../../cache/order/random.js';
import { layerDecay } from '../../../stages/finetune/layer-decay.js';
import { beta, drawMixing } from '../../../stages/augment/mixing.js';

describe('mixing of clips', () => {
  it('the share is what the box leaves', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 8, max: 224 }), (seed, size) => {
        const mixing = drawMixing({ mixup: 0, cutmix: 1 }, size, randomFor(seed, 0, 'b', 'mix'))!;
        const { x, y } = mixing.box!;
        assert.ok(x[0] >= 0 && x[0] <= x[1] && x[1] <= size && y[0] >= 0 && y[1] <= size);
        const covered = ((x[1] - x[0]) * (y[1] - y[0])) / size ** 2;
        assert.ok(Math.abs(mixing.share - (1 - covered)) < 1e-12);
      }),
    );
  });

  it('both kinds come about equally often, one alone always, none never', () => {
    const kinds = Array.from({ length: 400 }, (_, i) => drawMixing({ mixup: 0.8, cutmix: 1 }, 64, randomFor(i, 0, 'b', 'mix'))!); // prettier-ignore
    const cuts = kinds.filter(({ box }) => box !== undefined).length;
    assert.ok(cuts > 160 && cuts < 240, `${cuts} of 400`);
    assert.ok(kinds.every(({ share }) => share >= 0 && share <= 1));
    const draw = randomFor(1, 0, 'b', 'mix');
    assert.equal(drawMixing({ mixup: 0.8, cutmix: 0 }, 64, draw)?.box, undefined);
    assert.equal(drawMixing({ mixup: 0, cutmix: 0 }, 64, draw), undefined);
  });

  for (const a of [0.3, 0.8, 1, 4])
    it(`Beta(${a}, ${a}) has its mean and variance`, () => {
      const draw = randomFor(a, 0, 'b', 'beta');
      const values = Array.from({ length: 20_000 }, () => beta(a, draw));
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
      assert.ok(Math.abs(mean - 0.5) < 0.01, `mean ${mean}`);
      const expected = 1 / (4 * (2 * a + 1));
      assert.ok(Math.abs(variance / expected - 1) < 0.05, `variance ${variance}, expected ${expected}`); // prettier-ignore
    });
});

describe('layer-wise decay', () => {
  it('is the specification’s: patch embedding 0, block i is i + 1, all else last', () => {
    const scales = ['patch_embed.proj.weight', 'blocks.0.norm1.weight', 'blocks.11.mlp.fc2.bias', 'fc_norm.weight', 'head.weight', 'audio_encoder.conv1.weight']; // prettier-ignore
    const powers = scales.map((name) => Math.round(Math.log(layerDecay(name, 12, 0.7)) / Math.log(0.7)) + 0);
    assert.deepEqual(powers, [13, 12, 1, 0, 0, 0]);
  }); // prettier-ignore
});
