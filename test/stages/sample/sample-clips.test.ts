import assert from 'node:assert/strict';
import fc from 'fast-check';
import { lastAtOrBefore, nominalInterval } from '../../../stages/sample/frame-times.js';
import {
  framesOnDisplay,
  sampleClips,
  segmentOf,
  type TimeLine,
} from '../../../stages/sample/sample-clips.js';

const steady = (frames: number, rate: number, start = 0): TimeLine => ({
  times: Array.from({ length: frames }, (_, i) => start + i / rate),
  end: start + frames / rate,
  interval: 1 / rate,
});

describe('sampling by presentation time', () => {
  it('takes every fourth frame from the middle of a steady video', () => {
    const [clip] = sampleClips(steady(100, 25), { frames: 16, stride: 4, clips: 1 });
    assert.equal(clip!.times[0], 18 / 25);
    assert.deepEqual(
      clip!.times.map((time) => Math.round(time * 25)),
      Array.from({ length: 16 }, (_, i) => 18 + 4 * i),
    );
    assert.equal(clip!.held, 0);
    assert.ok(Math.abs(clip!.span[1] - clip!.span[0] - 64 / 25) < 1e-12);
  });

  it('spreads several clips from the first frame to the end', () => {
    const clips = sampleClips(steady(1000, 25), { frames: 16, stride: 4, clips: 5 });
    assert.deepEqual(
      clips.map(({ span }) => Math.round(span[0] * 25)),
      [0, 234, 468, 702, 936],
    );
  });

  it('holds the last frame where the video ends before the span', () => {
    const [clip] = sampleClips(steady(30, 25), { frames: 16, stride: 4, clips: 1 });
    assert.equal(clip!.held, 8);
    assert.deepEqual(new Set(clip!.times.slice(8)), new Set([29 / 25]));
  });

  it('is not led astray by times rounded to milliseconds', () => {
    const times = Array.from({ length: 300 }, (_, i) => Math.round((i * 1001) / 30) / 1000);
    const line = { times, end: 10.01, interval: nominalInterval(times, 1) };
    assert.ok(Math.abs(line.interval - 1001 / 30000) < 1e-5);
    for (const clip of sampleClips(line, { frames: 16, stride: 4, clips: 7 }))
      assert.deepEqual(
        clip.times.map((time) => times.indexOf(time) - times.indexOf(clip.times[0]!)),
        Array.from({ length: 16 }, (_, i) => 4 * i),
      );
  });

  it('shows a frame of a pause as long as the pause lasts', () => {
    const times = [0, 0.04, 0.08, 2, 2.04, 2.08];
    assert.equal(nominalInterval(times, 1).toFixed(6), '0.040000');
    assert.deepEqual(framesOnDisplay(times, [0.5, 1.9, 1.995, 3], 0.04), [0.08, 0.08, 2, 2.08]);
  });

  it('keeps the promises for any time line', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-4, max: 2, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: -10, max: 1e5, noNaN: true }),
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 9 }),
        (gaps, start, half, stride, clips) => {
          let time = start;
          const times = [...new Set(gaps.map((gap) => (time += gap)))];
          const interval = nominalInterval(times, 0.04);
          const line = { times, interval, end: times.at(-1)! + interval };
          const samplings = sampleClips(line, { frames: 2 * half, stride, clips });
          assert.equal(samplings.length, clips);
          for (const { times: chosen, targets, held, span } of samplings) {
            assert.equal(chosen.length, 2 * half);
            assert.ok(chosen.every((value) => times.includes(value)));
            assert.ok(chosen.every((value, i) => i === 0 || value >= chosen[i - 1]!));
            // What is shown is never from the future, and nothing newer was there to show.
            chosen.forEach((value, i) => {
              const next = times[times.indexOf(value) + 1] ?? Infinity;
              assert.ok(value <= targets[i]! + interval / 2 && next > targets[i]!);
            });
            assert.ok(span[0] >= times[0]! && span[0] <= times.at(-1)!);
            assert.ok(held >= 0 && held < 2 * half);
            // Where a whole clip fits, none is short of anything.
            if (samplings.some((other) => other.held === 0)) assert.equal(held, 0);
          }
        },
      ),
    );
  });

  it('spreads clips evenly: steps between starts differ by no more than a frame', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.constantFrom(10, 24, 25, 30000 / 1001, 60, 240),
        fc.double({ min: -100, max: 1e5, noNaN: true }),
        fc.integer({ min: 2, max: 12 }),
        (frames, rate, start, clips) => {
          const line = steady(frames, rate, start);
          const length = 64 / rate;
          const room = Math.max(0, line.end - start - length);
          const starts = sampleClips(line, { frames: 16, stride: 4, clips }).map(({ span }) => span[0]); // prettier-ignore
          for (const [i, value] of starts.entries()) {
            const ideal = (room * i) / (clips - 1);
            assert.ok(Math.abs(value - start - ideal) <= 1.01 / rate, `${value - start} for ${ideal}`); // prettier-ignore
            assert.ok(value >= start && value - start <= room + 0.26 / rate);
          }
        },
      ),
    );
  });

  it('finds places in sorted times', () => {
    assert.equal(lastAtOrBefore([], 1), -1);
    assert.equal(lastAtOrBefore([1, 2, 3], 0.5), -1);
    assert.equal(lastAtOrBefore([1, 2, 3], 2), 1);
    assert.equal(lastAtOrBefore([1, 2, 3], 9), 2);
  });
});

describe('random clips', () => {
  const plan = { frames: 16, stride: 4, clips: 1 };
  /** The chances 0, 1/n, 2/n …: what a uniform draw is made of. */
  const sweep = (line: TimeLine, n: number) =>
    sampleClips(line, { ...plan, clips: n }, (clip) => clip / n);

  it('start at every frame from which a whole clip fits, each as often', () => {
    const starts = sweep(steady(100, 25), 37 * 5).map(({ span }) => Math.round(span[0] * 25));
    const counts = new Map<number, number>();
    for (const start of starts) counts.set(start, (counts.get(start) ?? 0) + 1);
    assert.deepEqual(
      [...counts.keys()],
      Array.from({ length: 37 }, (_, i) => i),
    );
    assert.deepEqual([...new Set(counts.values())], [5]);
  });

  it('start at the frames of all stretches, each as often', () => {
    const times = [...steady(70, 25).times as number[], ...steady(80, 25, 1000).times as number[]];
    const starts = sweep({ times, end: 1003.2, interval: 0.04 }, 24).map(({ span }) => Math.round(span[0] * 25));
    assert.deepEqual(starts, [0, 1, 2, 3, 4, 5, 6, ...Array.from({ length: 17 }, (_, i) => 25000 + i)]);
  }); // prettier-ignore

  it('lie inside any video, and a clip does not depend on how many there are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-3, max: 0.2, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        (gaps, chances, stride) => {
          let time = 0;
          const times = [...new Set(gaps.map((gap) => (time += gap)))];
          const interval = nominalInterval(times, 0.04);
          const line = { times, interval, end: times.at(-1)! + interval };
          const chance = (clip: number) => chances[clip]!;
          const all = sampleClips(line, { frames: 8, stride, clips: chances.length }, chance);
          for (const { span, times: chosen, held } of all) {
            assert.ok(times.includes(span[0]));
            assert.ok(chosen.every((value) => times.includes(value)));
            if (all.some((other) => other.held === 0)) assert.equal(held, 0);
          }
          assert.deepEqual(sampleClips(line, { frames: 8, stride, clips: 1 }, chance), all.slice(0, 1));
        },
      ),
    );
  }); // prettier-ignore

  it('of a video that is shorter than a clip start at its start', () => {
    const [clip] = sampleClips(steady(30, 25), plan, () => 0.999);
    assert.deepEqual([clip!.span[0], clip!.held], [0, 8]);
  });
});

describe('segments', () => {
  const line = steady(100, 25);

  it('cut at their start and end', () => {
    const part = segmentOf(line, 1, 2)!;
    assert.deepEqual([part.times[0], part.times.length, part.end], [1, 25, 2]);
  });

  it('begin with the frame that is on display', () => {
    assert.equal(segmentOf({ times: [0, 5], end: 6, interval: 0.04 }, 2, 3)!.times[0], 0);
  });

  it('are the whole video without bounds, and nothing outside it', () => {
    assert.equal(segmentOf(line, null, null)!.times.length, 100);
    assert.equal(segmentOf(line, 4, 5), null);
    assert.equal(segmentOf(steady(10, 25, 100), null, 50), null);
  });
});
