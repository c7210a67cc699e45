import assert from 'node:assert/strict';
import type { ClipShape } from '../../../cache/records.js';
import { PRESETS } from '../../../model/config.js';
import { checkFit, chooseModel, modelChoice } from '../../../pipeline/training/model-choice.js';

const SHAPE: ClipShape = {
  frames: 8,
  size: 96,
  storeSize: 96,
  square: true,
  positions: 36,
  mfccFrames: 128,
  cepstra: 13,
};
const choose = (input: object, shape = SHAPE) => chooseModel(modelChoice.parse(input), shape);

describe('the choice of a model', () => {
  it('takes its sizes from the preset, and those of the clips from the cache', () => {
    const config = choose({ preset: 'ti' });
    const { width, depth, heads, decoderWidth, decoderHeads } = config;
    assert.deepEqual({ width, depth, heads, decoderWidth, decoderHeads }, PRESETS.ti);
    const { frames, imageSize, patch, mfccFrames, cepstra } = config;
    assert.deepEqual(
      { frames, imageSize, patch, mfccFrames, cepstra },
      { frames: 8, imageSize: 96, patch: 16, mfccFrames: 128, cepstra: 13 },
    );
  });

  it('is av in size s where nothing is said', () => {
    const { variant, width } = choose({});
    assert.deepEqual([variant, width], ['av', PRESETS.s.width]);
  });

  it('gives CAV-MAE the decoder of its preset and the bands of the cache, and others none', () => {
    const heard = { ...SHAPE, melBands: 128 };
    const { decoderWidth, decoderDepth, decoderHeads, melBands } = choose({ variant: 'cav-mae', preset: 'b' }, heard); // prettier-ignore
    assert.deepEqual([decoderWidth, decoderDepth, decoderHeads, melBands], [512, 8, 16, 128]);
    assert.equal(
      choose({ variant: 'cav-mae', preset: 'b', decoderDepth: 2 }, heard).decoderDepth,
      2,
    );
    // Runs of the others are described as they always were, whatever cache they have.
    assert.deepEqual(choose({}, heard), choose({}));
    assert.throws(() => choose({ variant: 'cav-mae' }), /melBands: .* avme preprocess --mel 128/);
    const fitting = choose({ variant: 'cav-mae' }, heard);
    checkFit(fitting, heard);
    assert.throws(() => { checkFit(fitting, SHAPE); }, /melBands: the model has 128, the cache none/); // prettier-ignore
  });

  it('lets what is asked for go before the preset, as text too', () => {
    const config = choose({ preset: 'b', width: '96', heads: '3', audioFilters: '8,16,24,32' });
    assert.deepEqual([config.width, config.heads, config.depth], [96, 3, PRESETS.b.depth]);
    assert.deepEqual(config.audioFilters, [8, 16, 24, 32]);
  });

  it('names every size that does not fit, what it got and what would', () => {
    assert.throws(() => choose({ width: 100, heads: 3, decoderWidth: 50, decoderHeads: 4 }), {
      message:
        'the model cannot be built:\n' +
        '  width: got 100; must be a multiple of heads (3); the nearest is 99\n' +
        '  decoderWidth: got 50; must be a multiple of decoderHeads (4); the nearest is 52',
    });
    assert.throws(
      () => choose({}, { ...SHAPE, mfccFrames: 100 }),
      /mfccFrames: got 100; .*nearest/,
    );
  });

  it('refuses what is no size', () => {
    const message = (input: object) => modelChoice.safeParse(input).error?.issues[0]?.message ?? '';
    assert.match(message({ width: 'wide' }), /must be a whole number, 1 or more/);
    assert.match(message({ depth: 0 }), /must be a whole number, 1 or more/);
    assert.match(message({ audioFilters: '8,8' }), /must be four whole numbers/);
    assert.match(message({ preset: 'xl' }), /"ti"/);
  });
});

describe('a model and a cache', () => {
  const config = choose({ preset: 'ti' });

  it('fit where clips have the model’s shape, at another resolution too', () => {
    checkFit(config, SHAPE);
    checkFit(config, { ...SHAPE, size: 192 });
  });

  it('do not fit otherwise, and every difference is told', () => {
    assert.throws(
      () => {
        checkFit(config, {
          frames: 16,
          size: 96,
          storeSize: 96,
          square: true,
          positions: 144,
          mfccFrames: 256,
          cepstra: 20,
        });
      },
      {
        message:
          'the model does not fit this cache; give the one it was trained on, or one made with the same options:\n' +
          '  frames: the model has 8, the cache 16\n' +
          '  mfccFrames: the model has 128, the cache 256\n' +
          '  cepstra: the model has 13, the cache 20\n' +
          '  positions: the model has 36, the cache 144',
      },
    );
  });
});
