import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatisticsFold, sumsOf, type ShardSums } from '../../../cache/manifest/statistics.js';
import type { ClipShape, Sample } from '../../../cache/records.js';
import { makeSample, SHAPE } from '../support.js';

function fold(samples: readonly Sample[], shape: ClipShape = SHAPE) {
  const statistics = new StatisticsFold(shape);
  for (const sample of samples) statistics.add(sample.header, sumsOf(sample, shape));
  return statistics.result();
}

/** The definition, in one pass over the values themselves. */
function meanAndStd(values: readonly number[]): [number, number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return [mean, Math.sqrt(variance)];
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`);
}

describe('statistics', () => {
  const samples = Array.from({ length: 11 }, (_, i) => makeSample(i));

  it('are mean and standard deviation per channel, of pixels between 0 and 1', () => {
    const { pixel } = fold(samples);
    for (let channel = 0; channel < 3; channel++) {
      const values = samples.flatMap(({ frames }) =>
        [...frames].filter((_, i) => i % 3 === channel).map((value) => value / 255),
      );
      const [mean, std] = meanAndStd(values);
      near(pixel.mean[channel]!, mean);
      near(pixel.std[channel]!, std);
    }
  });

  it('are mean and standard deviation per cepstrum, of the clips that have sound', () => {
    const { mfcc, audioPresent } = fold(samples);
    const heard = samples.filter(({ header }) => header.flags.audioPresent);
    assert.equal(audioPresent, heard.length);
    for (let cepstrum = 0; cepstrum < SHAPE.cepstra; cepstrum++) {
      const values = heard.flatMap((sample) =>
        [...sample.mfcc].filter((_, i) => i % SHAPE.cepstra === cepstrum),
      );
      const [mean, std] = meanAndStd(values);
      near(mfcc.mean[cepstrum]!, mean);
      near(mfcc.std[cepstrum]!, std);
    }
  });

  it('are those of each band where there are spectra, whether added clip by clip or shard by shard', () => {
    const shape = { ...SHAPE, melBands: 5 };
    const sounding = Array.from({ length: 7 }, (_, i) => makeSample(i, shape));
    const { mel } = fold(sounding, shape);
    const heard = sounding.filter(({ header }) => header.flags.audioPresent);
    for (let band = 0; band < 5; band++) {
      const values = heard.flatMap((sample) => [...sample.mel!].filter((_, i) => i % 5 === band));
      const [mean, std] = meanAndStd(values);
      near(mel!.mean[band]!, mean);
      near(mel!.std[band]!, std);
    }
    const whole = new StatisticsFold(shape);
    for (const part of [sounding.slice(0, 3), sounding.slice(3)]) {
      const own = new StatisticsFold(shape);
      for (const sample of part) own.add(sample.header, sumsOf(sample, shape));
      const sums = JSON.parse(JSON.stringify(own.sums())) as ShardSums;
      whole.addShard(
        sums,
        part.map(({ header }) => header),
      );
    }
    assert.deepEqual(whole.result(), fold(sounding, shape));
    assert.equal('mel' in fold(samples), false);
    sounding[0]!.mel![3] = NaN;
    assert.throws(() => sumsOf(sounding[0]!, shape), /log-mel spectrum .* holds NaN/);
  });

  it('do not depend on the order, to the last bit', () => {
    const shuffled = fc.shuffledSubarray(samples, { minLength: samples.length });
    fc.assert(
      fc.property(shuffled, (order) => {
        assert.deepEqual(fold(order), fold(samples));
      }),
    );
  });

  it('do not depend on how clips are divided into shards, to the last bit', () => {
    const shards = fc.array(fc.array(fc.nat(40), { maxLength: 6 }), { maxLength: 5 });
    fc.assert(
      fc.property(shards, (numbers) => {
        const shape = { ...SHAPE, square: false };
        const parts = numbers.map((part) => part.map((number) => makeSample(number, shape)));
        const whole = new StatisticsFold(shape);
        for (const part of parts) {
          const own = new StatisticsFold(shape);
          for (const sample of part) own.add(sample.header, sumsOf(sample, shape));
          // As the manifest keeps them.
          const sums = JSON.parse(JSON.stringify(own.sums())) as ShardSums;
          whole.addShard(
            sums,
            part.map(({ header }) => header),
          );
        }
        assert.deepEqual(whole.result(), fold(parts.flat(), shape));
      }),
    );
  });

  it('are exact where floating-point numbers would not be', () => {
    // 2⁵³ + 1 is no double: a sum of these that went through one would lose it.
    const sums: ShardSums = {
      pixels: 1,
      pixel: { sum: ['9007199254740993', '0', '0'], squares: ['0', '0', '0'] },
      audioPresent: 0,
      mfcc: { sum: ['0', '0', '0'], squares: ['0', '0', '0'] },
    };
    const statistics = new StatisticsFold(SHAPE);
    statistics.addShard(sums, []);
    statistics.addShard(sums, []);
    assert.equal(statistics.sums().pixel.sum[0], '18014398509481986');
  });

  it('hold for clips of more pixels than are summed at once', () => {
    const shape = {
      frames: 2,
      size: 200,
      storeSize: 200,
      square: true,
      positions: 1,
      mfccFrames: 1,
      cepstra: 1,
    };
    const sample = makeSample(1, shape);
    sample.frames.fill(255);
    assert.deepEqual(fold([sample], shape).pixel, { mean: [1, 1, 1], std: [0, 0, 0] });
  });

  it('count labels and samples without one', () => {
    const { labels, unlabelled } = fold(samples);
    assert.deepEqual(labels, { 'class-0': 3, 'class-1': 3, 'class-2': 3 });
    assert.equal(unlabelled, 2);
    assert.deepEqual(Object.keys(labels), Object.keys(labels).sort());
  });

  it('are neutral where nothing was counted', () => {
    const { pixel, mfcc } = fold([]);
    assert.deepEqual(pixel, { mean: [0, 0, 0], std: [1, 1, 1] });
    assert.deepEqual(mfcc, { mean: [0, 0, 0], std: [1, 1, 1] });
  });

  it('refuse an MFCC that is not a number', () => {
    const sample = makeSample(1);
    sample.mfcc[4] = NaN;
    assert.throws(() => sumsOf(sample, SHAPE), /NaN/);
  });
});
