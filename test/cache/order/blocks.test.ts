import assert from 'node:assert/strict';
import fc from 'fast-check';
import { blockOrders } from '../../../cache/order/blocks.js';
import { sampleSequence } from '../../../cache/order/sequence.js';

const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 });
const options = fc.record({
  streams: fc.integer({ min: 1, max: 9 }),
  block: fc.integer({ min: 1, max: 15 }),
});
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The shard of each sample. */
const shardsOf = (list: readonly number[]) =>
  list.flatMap((size, shard) => new Array<number>(size).fill(shard));

describe('the order of samples by blocks', () => {
  it('shows every sample once an epoch, however many streams and whatever their blocks', () => {
    fc.assert(
      fc.property(sizes, options, fc.nat(99), fc.nat(5), (list, how, seed, epoch) => {
        const order = blockOrders(list, seed, how)(epoch);
        const seen = range(sum(list)).map(order);
        assert.deepEqual(
          [...seen].sort((a, b) => a - b),
          range(sum(list)),
        );
        // A pure function: asked again, in another order, by another instance.
        const other = blockOrders(list, seed, how)(epoch);
        for (const place of range(sum(list)).reverse()) assert.equal(other(place), seen[place]);
      }),
    );
  });

  it('needs a shard in one stream only, or in two where it is cut', () => {
    fc.assert(
      fc.property(sizes, options, fc.nat(99), (list, how, seed) => {
        const [orders, shards, n] = [blockOrders(list, seed, how), shardsOf(list), sum(list)];
        const full = Math.floor(n / how.streams) * how.streams;
        // Over several epochs: shards stay with their streams, so that a disk stays warm.
        const streams = list.map(() => new Set<number>());
        for (const order of [0, 1].map(orders))
          for (let place = 0; place < full; place++)
            streams[shards[order(place)] ?? 0]?.add(place % how.streams);
        const uses = sum(streams.map((set) => set.size));
        assert.ok(uses <= list.length + how.streams - 1, `${uses} uses of ${list.length} shards`);
      }),
    );
  });

  it('keeps what a stream needs at a time within its block and the shards at its ends', () => {
    const list = new Array<number>(40).fill(10);
    const [how, shards] = [{ streams: 2, block: 30 }, shardsOf(list)];
    const order = blockOrders(list, 5, how)(3);
    for (const stream of [0, 1]) {
      const places = range(200).map((round) => shards[order(2 * round + stream)]!);
      const uses = new Map<number, number[]>();
      places.forEach((shard, round) => uses.set(shard, [...(uses.get(shard) ?? []), round]));
      // A shard of 10 samples touches at most two blocks of 30.
      for (const rounds of uses.values()) assert.ok(rounds.at(-1)! - rounds[0]! < 60);
      // Within a block, shards are mixed.
      assert.ok(new Set(places.slice(60, 70)).size > 2);
    }
  });

  it('differs by seed, epoch and purpose', () => {
    const list = new Array<number>(8).fill(8);
    const orderOf = (seed: number, epoch: number, purpose?: string) =>
      range(64)
        .map(blockOrders(list, seed, { streams: 2, block: 16 }, purpose)(epoch))
        .join();
    const all = [orderOf(1, 0), orderOf(2, 0), orderOf(1, 1), orderOf(1, 0, 'other')];
    assert.equal(new Set(all).size, all.length);
  });

  it('costs each of many ranks its own shards: one download of each, where a multiple takes part', () => {
    const list = new Array<number>(192 * 4).fill(5);
    const shards = shardsOf(list);
    const order = blockOrders(list, 1)(0);
    for (const world of [8, 48, 64, 192]) {
      const needed = range(world).map(() => new Set<number>());
      range(sum(list)).forEach((place) => needed[place % world]!.add(shards[order(place)]!));
      const downloads = sum(needed.map((set) => set.size)) / list.length;
      assert.ok(downloads === 1, `${downloads} downloads a shard for ${world} ranks`);
    }
  });

  it('refuses options that are wrong, and positions outside the epoch', () => {
    for (const bad of [{ streams: 0 }, { block: 1.5 }, { streams: NaN }])
      assert.throws(() => blockOrders([3], 1, bad), /must be a whole number, 1 to/);
    const order = blockOrders([3, 4], 1)(0);
    for (const position of [-1, 7, 0.5]) assert.throws(() => order(position), RangeError);
  });
});

describe('a sequence of samples by blocks', () => {
  const parts = fc.array(fc.record({ sizes, repeat: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 3,
  });
  /** Samples of a part lie in its shards in reverse. */
  const groupsOf = (list: readonly number[]) => ({
    sizes: list,
    samples: Uint32Array.from(range(sum(list)).reverse()),
  });

  it('shows each sample of several parts as often an epoch as it is repeated', () => {
    fc.assert(
      fc.property(parts, options, fc.nat(99), fc.nat(3), (list, how, seed, epoch) => {
        const given = list.map(({ sizes: own, repeat }) => ({
          samples: sum(own),
          repeat,
          groups: groupsOf(own),
        }));
        const { at, epochLength } = sampleSequence(given, seed, how);
        const names = range(epochLength).map((i) => {
          const { part, sample, epoch: drawn } = at(epoch * epochLength + i);
          return `${part}/${sample}/${drawn}`;
        });
        const wanted = given.flatMap(({ samples, repeat }, part) =>
          range(samples * repeat).map(
            (i) => `${part}/${i % samples}/${epoch * repeat + Math.floor(i / samples)}`,
          ),
        );
        assert.deepEqual(names.sort(), wanted.sort());
      }),
    );
  });

  it('goes through each of weighted parts epoch by epoch', () => {
    fc.assert(
      fc.property(fc.tuple(sizes, sizes), options, fc.nat(99), (list, how, seed) => {
        const given = list.map((own) => ({ samples: sum(own), weight: 1, groups: groupsOf(own) }));
        const { at } = sampleSequence(given, seed, how);
        given.forEach(({ samples }, part) => {
          const own = range(2 * 2 * samples).map((place) => at(place)).filter((item) => item.part === part); // prettier-ignore
          const first = own.slice(0, samples).map(({ sample }) => sample);
          assert.deepEqual(
            first.sort((a, b) => a - b),
            range(samples),
          );
        });
      }),
    );
  });

  it('needs to know which samples lie together', () => {
    assert.throws(() => sampleSequence([{ samples: 3 }], 1, {}), /which samples lie together/);
  });
});
