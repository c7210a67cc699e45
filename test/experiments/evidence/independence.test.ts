import assert from 'node:assert/strict';
import { bestAccuracy, CLASSES, classOf, GROUPS, groupOf, type ClassName, type GroupName } from '../../../experiments/evidence/classes.js'; // prettier-ignore
import { courseOf, heightOf, mirrored, delayed, SECONDS } from '../../../experiments/evidence/motion.js'; // prettier-ignore
import { isHeldOut, SPLITS, type Split } from '../../../experiments/evidence/nuisance.js';
import { framesOf } from '../../../experiments/evidence/picture.js';
import { sceneOf, type Scene } from '../../../experiments/evidence/scene.js';
import { soundOf } from '../../../experiments/evidence/sound.js';
import { correlation } from './oracle.js';

const OPTIONS = { disturbance: 1, silent: 0.3 };

const scene = (index: number, label?: ClassName, split: Split = 'train', options = OPTIONS) =>
  sceneOf({ seed: 3, split, index }, options, label);

const classesOf = (name: GroupName): readonly ClassName[] =>
  GROUPS.find((group) => group.name === name)!.classes;

const pixels = (scene: Scene) => Buffer.concat([...framesOf(scene, 32)]);
const samples = (scene: Scene) => Buffer.from(soundOf(scene).buffer);

/** Every number of a scene's nuisance that has bands or none, by its path. */
function numbersOf(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => numbersOf(inner, `${path}/${key}`));
}

/** Pearson's chi² of a table of counts, in deviations above what chance gives on average. */
function surprise(table: readonly (readonly number[])[]): number {
  const rows = table.map((row) => row.reduce((a, b) => a + b, 0));
  const columns = (table[0] ?? []).map((_, c) => table.reduce((sum, row) => sum + row[c]!, 0));
  const total = rows.reduce((a, b) => a + b, 0);
  let chi2 = 0;
  for (const [r, row] of table.entries())
    for (const [c, count] of row.entries()) {
      const expected = (rows[r]! * columns[c]!) / total;
      if (expected > 0) chi2 += (count - expected) ** 2 / expected;
    }
  const freedom = (rows.length - 1) * (columns.length - 1);
  return (chi2 - freedom) / Math.sqrt(2 * freedom);
}

/** How often the nearest of the known vectors have the label of an unknown one, by vote. */
function neighbours(
  known: readonly (readonly [ClassName, readonly number[]])[],
  unknown: typeof known,
): number {
  const right = unknown.filter(([label, vector]) => {
    const votes = known
      .map(([other, candidate]) => {
        const distance = candidate.reduce((sum, value, i) => sum + (value - vector[i]!) ** 2, 0);
        return { other, distance };
      })
      .sort((a, b) => a.distance - b.distance)
      .slice(0, 9);
    const count = (name: ClassName) => votes.filter(({ other }) => other === name).length;
    const [first] = [...CLASSES].sort((a, b) => count(b) - count(a));
    return first === label;
  });
  return right.length / unknown.length;
}

const FINE = 400;
const TIMES = Array.from({ length: FINE }, (_, i) => (SECONDS * i) / FINE);
const every = (values: readonly number[]) => values.filter((_, i) => i % 25 === 12);
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

/** What a perfect eye sees, and a perfect ear hears, at 400 times. */
function perceived({ actor }: Scene): { seen: number[]; heard: number[] } {
  if (actor.kind === 'singer')
    return { seen: TIMES.map(courseOf(actor.height)), heard: TIMES.map(courseOf(actor.pitch)) };
  const since = (time: number, { time: click, level }: (typeof actor.clicks)[number]) =>
    level * Math.exp(-((time - click + SECONDS) % SECONDS) / 0.2);
  return {
    seen: TIMES.map(heightOf(actor.bouncing)),
    heard: TIMES.map((time) => Math.max(...actor.clicks.map((click) => since(time, click)))),
  };
}

/** Cross-correlation at 8 lags. */
function together(seen: readonly number[], heard: readonly number[]): number[] {
  return Array.from(
    { length: 8 },
    (_, lag) =>
      seen.reduce((sum, value, i) => sum + value * heard[(i + (lag * FINE) / 8) % FINE]!, 0) / FINE,
  );
}

describe('evidence: what is independent of the class', function () {
  this.timeout(60_000);

  it('pictures of voice, bounce and pitch, byte by byte', () => {
    for (const name of ['voice', 'bounce', 'pitch'] as const)
      for (let index = 0; index < 3; index++) {
        const [first, ...others] = classesOf(name).map((label) => pixels(scene(index, label)));
        for (const other of others) assert.ok(first!.equals(other), name);
      }
  });

  it('sounds of shape, sample by sample', () => {
    for (let index = 0; index < 3; index++) {
      const [first, ...others] = classesOf('shape').map((label) => samples(scene(index, label)));
      for (const other of others) assert.ok(first!.equals(other));
    }
  });

  it('while each of these groups differs in what is left', () => {
    for (const { name, classes } of GROUPS) {
      const kind = name === 'shape' ? pixels : samples;
      const distinct = new Set(classes.map((label) => kind(scene(1, label)).toString('base64')));
      assert.equal(distinct.size, classes.length, name);
    }
  });

  it('everything in a scene but actor and label, and whether there is sound', () => {
    for (let index = 0; index < 50; index++) {
      const [first, ...others] = CLASSES.map((label) => scene(index, label));
      for (const { nuisance, hasAudio } of others)
        assert.deepEqual({ nuisance, hasAudio }, { nuisance: first!.nuisance, hasAudio: first!.hasAudio }); // prettier-ignore
    }
  });

  it('every nuisance and the presence of sound, in the statistics of the labels as they come', () => {
    const scenes = Array.from({ length: 2400 }, (_, index) => scene(index));
    const column = new Map<string, [ClassName, number][]>();
    for (const { label, nuisance, hasAudio } of scenes)
      for (const [path, value] of [
        ...numbersOf(nuisance),
        ['/hasAudio', hasAudio ? 1 : 0] as const,
      ])
        // prettier-ignore
        column.set(path, [...(column.get(path) ?? []), [label, value]]);
    for (const [path, pairs] of column) {
      const sorted = pairs.map(([, value]) => value).sort((a, b) => a - b);
      const edges = [0.2, 0.4, 0.6, 0.8].map((share) => sorted[Math.floor(share * sorted.length)]!);
      const bins = (label: ClassName) => {
        const counts = new Array<number>(5).fill(0);
        for (const [other, value] of pairs)
          if (other === label) counts[edges.filter((edge) => value > edge).length]!++;
        return counts;
      };
      // More than 60 tables are looked at: 5 deviations are for all of them.
      assert.ok(surprise(CLASSES.map(bins)) < 5, path);
    }
    const silent = scenes.filter(({ hasAudio }) => !hasAudio).length / scenes.length;
    assert.ok(Math.abs(silent - OPTIONS.silent) < 0.05, `${silent} silent`);
  });

  for (const name of ['bounce', 'pitch'] as const)
    it(`${name}: perfect eyes or ears alone, or without a clock, do not learn it`, () => {
      const members = Array.from({ length: 6000 }, (_, index) => index)
        .filter((index) => groupOf(classOf(index)) === name)
        .map((index) => scene(index));
      const vectors = (kind: (of: ReturnType<typeof perceived>) => number[]) =>
        members.map((member) => [member.label, kind(perceived(member))] as const);
      const score = (kind: (of: ReturnType<typeof perceived>) => number[]) => {
        const all = vectors(kind);
        return neighbours(all.slice(0, 1000), all.slice(1000));
      };
      // 500 judged: a deviation is 0.021.
      for (const [what, share] of Object.entries({
        seen: score(({ seen }) => every(seen)),
        heard: score(({ heard }) => every(heard)),
        untimed: score(({ seen, heard }) => [...every(sorted(seen)), ...every(sorted(heard))]),
      }))
        assert.ok(Math.abs(share - 1 / 3) < 0.085, `${what}: ${share}`);
      const timed = score(({ seen, heard }) => together(seen, heard));
      assert.ok(timed > 0.9, `timed: ${timed}`);
    });

  it('mirrored and delayed courses are of the same values, and uncorrelated by half a second', () => {
    for (let index = 0; index < 40; index++) {
      const { actor } = scene(index, 'pitch-with');
      if (actor.kind !== 'singer') throw new Error('a pitch that nobody sings');
      const fine = Array.from({ length: 400 }, (_, i) => (SECONDS * i) / 400);
      const course = fine.map(courseOf(actor.height));
      const values = (course: readonly number[]) => [...course].sort((a, b) => a - b);
      const opposite = fine.map(courseOf(mirrored(actor.height)));
      for (const [i, value] of values(opposite).entries())
        assert.ok(Math.abs(value - values(course)[i]!) < 1e-9);
      const later = fine.map(courseOf(delayed(actor.height, 1)));
      for (const [i, value] of values(later).entries())
        assert.ok(Math.abs(value - values(course)[i]!) < 1e-9);
      const product = course.reduce((sum, value, i) => sum + value * later[i]!, 0) / 400;
      assert.ok(Math.abs(product) < 1e-9);
    }
  });
});

describe('evidence: the task of a lag', () => {
  const LABELS = ['lag-follows', 'lag-reversed'] as const;
  const courses = (index: number, label: ClassName) => {
    const { actor } = scene(index, label);
    assert.equal(actor.kind, 'singer');
    const { height, pitch } = actor;
    const sampled = ({ amplitudes, phases }: typeof height) => {
      const course = courseOf({ amplitudes, phases });
      return Array.from({ length: 200 }, (_, i) => course(i / 100));
    };
    return { height: sampled(height), pitch: sampled(pitch) };
  };
  const meanOf = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  /** The best agreement at any lag, around the clip's end. */
  const along = (a: readonly number[], b: readonly number[]) =>
    Math.max(...a.map((_, lag) => a.reduce((sum, value, i) => sum + value * b[(i + lag) % b.length]!, 0))); // prettier-ignore

  it('pictures are the same, byte by byte, and pitches go through the same values', () => {
    for (let index = 0; index < 20; index++) {
      const [one, other] = LABELS.map((label) => scene(index, label));
      assert.ok(pixels(one!).equals(pixels(other!)));
      const [a, b] = LABELS.map((label) => courses(index, label).pitch.toSorted((x, y) => x - y));
      // Sampled at other places of one course: each value is between its neighbours of the other.
      a!.forEach((value, i) => {
        assert.ok(value >= b![Math.max(0, i - 3)]! - 0.02 && value <= b![Math.min(199, i + 3)]! + 0.02); // prettier-ignore
      });
    }
  });

  it('laid along each other at every lag, they tell the class', () => {
    let right = 0;
    for (let index = 0; index < 100; index++) {
      const label = LABELS[index % 2]!;
      const { height, pitch } = courses(index, label);
      const follows = along(height, pitch) > along(height, pitch.toReversed());
      if (follows === (label === 'lag-follows')) right++;
    }
    assert.ok(right >= 99, `${right} of 100`);
  });

  it('what goes on at the same time tells nothing: the lag is uniform', () => {
    const at = LABELS.map((label) =>
      Array.from({ length: 300 }, (_, index) => {
        const { height, pitch } = courses(index, label);
        return correlation(height, pitch);
      }),
    );
    for (const values of at) {
      assert.ok(Math.abs(meanOf(values)) < 0.13, `${meanOf(values)}`);
    }
    // As far from zero in one class as in the other.
    const [a, b] = at.map((values) => meanOf(values.map(Math.abs)));
    assert.ok(Math.abs(a! - b!) < 0.12, `${a} ${b}`);
  });

  it('has its two classes equally often, and leaves the twelve as they are', () => {
    const found = Array.from({ length: 10 }, (_, index) => classOf(index, 'lag'));
    assert.deepEqual(found.slice(0, 4), ['lag-follows', 'lag-reversed', 'lag-follows', 'lag-reversed']); // prettier-ignore
    assert.equal(bestAccuracy('untimed', 'lag'), 0.5);
    assert.ok(Array.from({ length: 48 }, (_, i) => classOf(i)).every((label) => !label.startsWith('lag'))); // prettier-ignore
  });
});

describe('evidence: splits and counts', () => {
  it('no banded parameter of a test clip lies in a range of the training clips', () => {
    const ranges = { hue: [0, 1], radius: [0.13, 0.17], x: [0.4, 0.6], transposition: [-0.12, 0.12], gain: [-6, 3], hum: [-46, -30], hiss: [-60, -42] } as const; // prettier-ignore
    for (const split of SPLITS)
      for (let index = 0; index < 200; index++) {
        const { nuisance } = scene(index, undefined, split);
        for (const [key, [from, to]] of Object.entries(ranges))
          assert.equal(isHeldOut((nuisance[key as keyof typeof ranges] - from) / (to - from)), split === 'test', key); // prettier-ignore
      }
  });

  it('classes are equally frequent, and the best accuracies are means over groups', () => {
    const counts = new Map<ClassName, number>();
    for (let index = 0; index < 120; index++)
      counts.set(classOf(index), (counts.get(classOf(index)) ?? 0) + 1);
    assert.deepEqual([...counts.values()], new Array(12).fill(10));
    assert.deepEqual((['picture', 'sound', 'untimed', 'timed'] as const).map((kind) => Number(bestAccuracy(kind).toFixed(4))), [0.5, 0.5, 0.6667, 1]); // prettier-ignore
  });

  it('a clip is a pure function of seed, split and index', () => {
    assert.ok(pixels(scene(7)).equals(pixels(scene(7))));
    assert.ok(samples(scene(7)).equals(samples(scene(7))));
    const other = sceneOf({ seed: 4, split: 'train', index: 7 }, OPTIONS);
    assert.ok(!pixels(scene(7)).equals(pixels(other)));
    assert.ok(!pixels(scene(7)).equals(pixels(scene(7, undefined, 'test'))));
  });
});
