import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import fc from 'fast-check';
import { openCache, type CacheReader } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { otherClips, type AudioClip } from '../../../stages/load/other-audio.js';
import { SOUNDS } from '../../../stages/batch/clip-parts.js';
import { standardizeMfcc } from '../../../stages/batch/batch.js';
import { OPTIONS, useFolder } from '../../cache/support.js';
import { load, sampleOf, SHAPE, show, withLoader } from './support.js';

/** Clips of a few videos, some of whose clips have sound; at least two videos have one that has. */
const clips = fc
  .array(
    fc.record({
      video: fc.integer({ min: 0, max: 9 }).map((n) => `v${n}`),
      audioPresent: fc.boolean(),
    }),
    { maxLength: 40 },
  ) // prettier-ignore
  .map((all): AudioClip[] => all.map((clip, index) => ({ ...clip, index })));
const withSound = (all: readonly AudioClip[]) => all.filter(({ audioPresent }) => audioPresent);
const videosOf = (all: readonly AudioClip[]) => new Set(withSound(all).map(({ video }) => video));

describe('sounds of others', function () {
  this.timeout(180_000);
  const folder = useFolder();
  let reader: CacheReader;
  beforeEach(async () => {
    const writer = await openCacheWriter(folder(), { ...OPTIONS, shape: SHAPE });
    for (let i = 0; i < 20; i++) {
      const sample = sampleOf(i);
      await writer.put({
        ...sample,
        mfcc: sample.mfcc.map((value, at) => value + i * Math.sin(at)),
      });
    }
    await writer.seal();
    reader = await openCache(folder());
  });
  afterEach(() => reader.close());

  it('no video keeps its own, and who has sound hears a sound', () => {
    fc.assert(
      fc.property(clips, fc.nat(), (all, seed) => {
        fc.pre(videosOf(all).size >= 2);
        const others = otherClips(all, seed);
        assert.deepEqual(
          [...others.keys()].sort((a, b) => a - b),
          withSound(all).map(({ index }) => index),
        );
        const given = new Map<string, string>();
        for (const [index, other] of others) {
          const [own, theirs] = [all[index]!, all[other]!];
          assert.ok(theirs.audioPresent);
          assert.notEqual(own.video, theirs.video);
          // One video is heard with one other, and each gives its sound to one.
          assert.equal(given.get(own.video) ?? theirs.video, theirs.video);
          given.set(own.video, theirs.video);
        }
        assert.equal(new Set(given.values()).size, given.size);
      }),
    );
  });

  it('depends on clips and seed, not on their order', () => {
    fc.assert(
      fc.property(clips, fc.nat(), fc.infiniteStream(fc.nat()), (all, seed, draws) => {
        fc.pre(videosOf(all).size >= 2);
        const order = all.map((clip) => ({ clip, at: Number(draws.next().value) })).sort((a, b) => a.at - b.at); // prettier-ignore
        const sorted = (map: Map<number, number>) => [...map].sort(([a], [b]) => a - b);
        const shuffled = otherClips(order.map(({ clip }) => clip), seed); // prettier-ignore
        assert.deepEqual(sorted(shuffled), sorted(otherClips(all, seed)));
      }),
    );
    const many = Array.from({ length: 50 }, (_, index) => ({ index, video: `v${index}`, audioPresent: true })); // prettier-ignore
    assert.notDeepEqual(otherClips(many, 1), otherClips(many, 2));
  });

  it('says that it takes two videos with sound', () => {
    const clip = (video: string, audioPresent: boolean, index: number) => ({ video, audioPresent, index }); // prettier-ignore
    assert.throws(() => otherClips([clip('a', true, 0), clip('a', true, 1), clip('b', false, 2)], 0), /only one of the chosen videos has sound.*takes two/); // prettier-ignore
    assert.throws(() => otherClips([], 0), /none of the chosen videos has sound/);
  });

  it('the loader gives what was asked for, and all else stays the same', async () => {
    const indices = Array.from({ length: 16 }, (_, i) => i + 2);
    const given = { sources: [{ reader, indices }] };
    const of = (sound: (typeof SOUNDS)[number], workers: number) =>
      load({ ...given, sound, workers, batch: 1 }, 0, 32);
    const own = await of('own', 1);
    const chosen = indices.map((index) => {
      const { id: video, flags } = reader.header(index);
      return { index, video, audioPresent: flags.audioPresent };
    });
    assert.ok(chosen.some(({ audioPresent }) => !audioPresent));
    const others = otherClips(chosen, 3);
    for (const sound of SOUNDS) {
      const heard = await of(sound, 2);
      assert.deepEqual(await of(sound, 0), heard, sound);
      heard.forEach((clip, i) => {
        const { mfcc, audioPresent, ...rest } = clip;
        const { mfcc: ownMfcc, audioPresent: ownPresence, ...ownRest } = own[i]!;
        assert.deepEqual(rest, ownRest);
        assert.deepEqual([...audioPresent], sound === 'mute' ? [0] : [...ownPresence]);
        const silent = new Float32Array(ownMfcc.length);
        const other = others.get(reader.find(clip.keys[0]!)!);
        const wanted = Float32Array.from(ownMfcc);
        if (other !== undefined)
          standardizeMfcc(reader.sample(other).mfcc, reader.manifest.statistics.mfcc, wanted);
        const expected = { own: ownMfcc, mute: silent, presence: silent, shuffled: wanted };
        assert.deepEqual([...mfcc], [...expected[sound]], `${sound} ${clip.keys[0]}`);
        if (sound === 'shuffled' && other !== undefined) assert.notDeepEqual(mfcc, ownMfcc);
      });
    }
  });

  it('names the sample whose sound cannot be read, or goes on without who would hear it', async () => {
    const others = otherClips(Array.from({ length: 20 }, (_, index) => ({ index, video: reader.entry(index).id, audioPresent: reader.header(index).flags.audioPresent })), 3); // prettier-ignore
    const [hearing = -1, damaged = -1] = [...others][0] ?? [];
    const place = reader.recordPlace(damaged)!;
    const file = await open(place.path, 'r+');
    await file.write(Buffer.from('damage'), 0, 6, place.offset + place.length - 500);
    await file.close();
    const key = (index: number) => reader.entry(index).key;
    const given = { sources: [{ reader, indices: [hearing, ...[...others.keys()].filter((index) => index !== hearing && index !== damaged)] }], sound: 'shuffled' } as const; // prettier-ignore
    // The ring is one of the chosen samples: here the damaged one is none of them, and nobody hears it.
    await load({ ...given, workers: 1 }, 0, 12);
    const all = { sources: [{ reader }], sound: 'shuffled' } as const;
    for (const workers of [0, 1]) {
      await assert.rejects(load({ ...all, workers }, 0, 20), /damaged.*avme verify finds all/);
      await withLoader({ ...all, workers, onBadRecord: 'skip' }, async (loader) => {
        const shown = await show(loader, 0, 20);
        const keys = shown.flatMap((batch) => batch.keys);
        assert.ok(!keys.includes(key(hearing)) && !keys.includes(key(damaged)));
        const { badRecords } = loader.report();
        assert.deepEqual(new Set(badRecords.map((bad) => bad.key)), new Set([key(hearing), key(damaged)])); // prettier-ignore
        const message = badRecords.find((bad) => bad.key === key(hearing))?.message ?? '';
        assert.ok(message.includes(key(damaged)), message);
      });
    }
  });
});
