import { modelConfig } from '../../model/model-config.js';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PRESETS } from '../../model/config.js';
import { positionsOf, slotsOf, tubeletValues } from '../../model/layers/geometry.js';

/** Field and message of each thing wrong. */
function issuesOf(input: object): [string, string][] {
  const result = modelConfig.safeParse(input);
  assert.ok(!result.success, 'accepted');
  return result.error.issues.map(({ path, message }) => [path.join('.'), message]);
}

describe('model configuration', () => {
  it('of every preset stands, with the paper’s sizes', () => {
    for (const preset of Object.values(PRESETS)) {
      const config = modelConfig.parse(preset);
      assert.deepEqual(
        [slotsOf(config), positionsOf(config), tubeletValues(config)],
        [8, 196, 1536],
      );
    }
    assert.equal(modelConfig.parse(PRESETS.b).variant, 'av');
  });

  it('names each field that does not fit, and the nearest that would', () => {
    const wrong = { ...PRESETS.s, imageSize: 230, frames: 15, width: 385, decoderHeads: 5 };
    assert.deepEqual(issuesOf(wrong), [
      ['frames', 'must be a multiple of tubelet (2); the nearest is 16'],
      ['imageSize', 'must be a multiple of patch (16); the nearest is 224'],
      ['width', 'must be a multiple of heads (6); the nearest is 384'],
      ['decoderWidth', 'must be a multiple of decoderHeads (5); the nearest is 190'],
    ]);
  });

  it('says what a size must be, whatever was given', () => {
    const notWhole = fc.oneof(
      fc.double().filter((n) => !Number.isSafeInteger(n) || n < 1),
      fc.integer({ max: 0 }),
      fc.string(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('width', 'depth', 'mfccFrames', 'patch'),
        notWhole,
        (name, value) => {
          const issues = issuesOf({ ...PRESETS.s, [name]: value });
          for (const issue of issues)
            assert.deepEqual(issue, [name, 'must be a whole number, 1 or more']);
        },
      ),
    );
  });

  it('refuses fewer filters than squeeze-and-excitation can divide', () => {
    assert.deepEqual(issuesOf({ ...PRESETS.s, audioFilters: [16, 4, 64, 128] }), [
      ['audioFilters.1', 'must be a whole number, 8 or more'],
    ]);
  });

  it('refuses sound that does not divide into the temporal slots, where there is sound', () => {
    const odd = { ...PRESETS.s, mfccFrames: 240 };
    const message = 'must be a multiple of 4 · frames / tubelet (32); the nearest is 256';
    assert.deepEqual(issuesOf(odd), [['mfccFrames', message]]);
    assert.ok(modelConfig.safeParse({ ...odd, variant: 'v' }).success);
  });

  it('refuses options it does not know', () => {
    assert.match(issuesOf({ ...PRESETS.s, widht: 3 })[0]![1], /widht/);
  });
});
