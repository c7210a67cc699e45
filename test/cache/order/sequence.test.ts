import assert from 'node:assert/strict';
import fc from 'fast-check';
import { epochOrder } from '../../../cache/order/order.js';
import { rankPlaces, sampleSequence, type SequencePart } from '../../../cache/order/sequence.js';

const seeds = fc.nat(1000);
const joinedParts = fc.array(
  fc.record({ samples: fc.integer({ min: 1, max: 30 }), repeat: fc.integer({ min: 1, max: 3 }) }),
  { minLength: 1, maxLength: 4 },
);
const weightedParts = fc.array(
  fc.record({ samples: fc.integer({ min: 1, max: 30 }), weight: fc.integer({ min: 1, max: 5 }) }),
  { minLength: 1, maxLength: 4 },
);

const items = (parts: readonly SequencePart[], seed: number, from: number, count: number) => {
  const { at } = sampleSequence(parts, seed);
  return Array.from({ length: count }, (_, i) => at(from + i));
};

describe('sequence of samples', () => {
  it('of one cache is the order of its epochs: runs of earlier versions rely on it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), seeds, fc.nat(500), (samples, seed, place) => {
        const { at, epochLength } = sampleSequence([{ samples }], seed);
        const epoch = Math.floor(place / samples);
        assert.equal(epochLength, samples);
        assert.deepEqual(at(place), {
          part: 0,
          sample: epochOrder(samples, seed, epoch)(place % samples),
          epoch,
        });
      }),
    );
  });

  it('shows each sample of joined caches as often an epoch as it is repeated, drawn anew each time', () => {
    fc.assert(
      fc.property(joinedParts, seeds, fc.nat(3), (parts, seed, epoch) => {
        const { epochLength } = sampleSequence(parts, seed);
        const names = items(parts, seed, epoch * epochLength, epochLength).map(
          ({ part, sample, epoch: drawn }) => `${part}/${sample}/${drawn}`,
        );
        const wanted = parts.flatMap(({ samples, repeat }, part) =>
          Array.from(
            { length: samples * repeat },
            (_, i) => `${part}/${i % samples}/${epoch * repeat + Math.floor(i / samples)}`,
          ),
        );
        assert.deepEqual(names.sort(), wanted.sort());
      }),
    );
  });

  it('shares places by weight, exactly in every block, and goes through each cache epoch by epoch', () => {
    fc.assert(
      fc.property(weightedParts, seeds, (parts, seed) => {
        const block = parts.reduce((sum, { weight }) => sum + weight, 0);
        const all = items(parts, seed, 0, 40 * block);
        parts.forEach(({ samples, weight }, part) => {
          const own = all.filter((item) => item.part === part);
          assert.equal(own.length, 40 * weight);
          for (const epoch of new Set(own.map((item) => item.epoch))) {
            const seen = own.filter((item) => item.epoch === epoch);
            const distinct = new Set(seen.map(({ sample }) => sample)).size;
            assert.equal(distinct, seen.length, 'no sample comes twice in an epoch of its cache');
            if (epoch < Math.floor((40 * weight) / samples)) assert.equal(distinct, samples);
          }
        });
      }),
      { numRuns: 50 },
    );
  });

  it('takes weights with fractions', () => {
    const parts = [
      { samples: 9, weight: 0.7 },
      { samples: 9, weight: 0.3 },
    ];
    const first = items(parts, 1, 0, 1000).filter(({ part }) => part === 0);
    assert.equal(first.length, 700);
  });

  it('has not changed: resumed runs rely on it', () => {
    const text = (parts: readonly SequencePart[]) =>
      items(parts, 42, 30, 6).map(({ part, sample, epoch }) => `${part}/${sample}/${epoch}`).join(' '); // prettier-ignore
    assert.equal(text([{ samples: 10 }]), '0/7/3 0/3/3 0/9/3 0/5/3 0/6/3 0/8/3');
    assert.equal(
      text([{ samples: 4 }, { samples: 3, repeat: 2 }]),
      '1/0/7 0/3/3 1/2/7 1/1/6 1/2/6 1/1/7',
    );
    assert.equal(
      text([
        { samples: 4, weight: 2 },
        { samples: 3, weight: 1 },
      ]),
      '1/0/3 0/0/5 0/2/5 0/1/5 0/3/5 1/1/3',
    );
  });

  it('has other items for what cannot be read, and through them every sample of the epoch', () => {
    fc.assert(
      fc.property(joinedParts, seeds, fc.nat(200), (parts, seed, place) => {
        const { at, epochLength } = sampleSequence(parts, seed);
        const others = Array.from({ length: epochLength }, (_, i) => at(place, i + 1));
        const name = ({ part, sample, epoch }: { part: number; sample: number; epoch: number }) =>
          `${part}/${sample}/${epoch}`;
        assert.equal(new Set(others.map(name)).size, epochLength);
        if (epochLength > 1) assert.notEqual(name(at(place)), name(at(place, 1)));
      }),
    );
  });

  it('keeps to the cache in which a record cannot be read where caches have weights', () => {
    const parts = [
      { samples: 8, weight: 1 },
      { samples: 5, weight: 1 },
    ];
    const { at } = sampleSequence(parts, 3);
    for (let place = 0; place < 40; place++)
      for (let attempt = 1; attempt < 6; attempt++)
        assert.equal(at(place, attempt).part, at(place).part);
  });

  it('refuses what is no sequence', () => {
    assert.throws(() => sampleSequence([], 1), /got parts of nothing samples/);
    assert.throws(
      () => sampleSequence([{ samples: 3 }, { samples: 0 }], 1),
      /parts of 3, 0 samples/,
    );
    assert.throws(() => sampleSequence([{ samples: 3, repeat: 1.5 }], 1), /whole number of times/);
    const one = { samples: 3, weight: 1 };
    assert.throws(() => sampleSequence([one, { samples: 3 }], 1), /give all one, or none/);
    assert.throws(() => sampleSequence([one, { ...one, repeat: 2 }], 1), /not both/);
    assert.throws(() => sampleSequence([{ ...one, weight: 0 }], 1), /got weights 0;/);
    assert.throws(() => sampleSequence([{ ...one, weight: NaN }], 1), /got weights NaN/);
  });
});

describe('ranks', () => {
  it('take each place once, whatever the size of batches and world, wherever they begin', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(100),
        (count, world, from) => {
          const steps = 4;
          const taken = Array.from({ length: steps }, (_, step) =>
            Array.from({ length: world }, (_, rank) =>
              rankPlaces(from + step * count * world, count, rank, world),
            ),
          );
          const total = steps * count * world;
          assert.deepEqual(
            taken.flat(2).sort((a, b) => a - b),
            Array.from({ length: total }, (_, i) => from + i),
          );
        },
      ),
    );
  });

  it('share every epoch evenly: none has more than one place more of it than another', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        (samples, world, count) => {
          const perEpoch = new Map<number, number[]>();
          const steps = Math.ceil((3 * samples) / (count * world));
          for (let rank = 0; rank < world; rank++)
            for (let step = 0; step < steps; step++)
              for (const place of rankPlaces(step * count * world, count, rank, world)) {
                const epoch = Math.floor(place / samples);
                const counts = perEpoch.get(epoch) ?? Array<number>(world).fill(0);
                counts[rank]!++;
                perEpoch.set(epoch, counts);
              }
          for (const epoch of [0, 1, 2]) {
            const counts = perEpoch.get(epoch)!;
            assert.equal(
              counts.reduce((sum, value) => sum + value),
              samples,
            );
            assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
          }
        },
      ),
    );
  });

  it('must be there', () => {
    assert.throws(() => rankPlaces(0, 4, 2, 2), /rank 2 of 2/);
    assert.throws(() => rankPlaces(0, 4, -1, 2), /rank -1 of 2/);
  });
});
