import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sampleClips, type TimeLine } from '../../../stages/sample/sample-clips.js';
import { stretchesOf } from '../../../stages/sample/stretches.js';

/** Frames at 25 a second in these parts: [start, frames]. */
function recorded(...parts: readonly (readonly [number, number])[]): TimeLine {
  const times = parts.flatMap(([start, frames]) =>
    Array.from({ length: frames }, (_, i) => start + i / 25),
  );
  return { times, end: times.at(-1)! + 0.04, interval: 0.04 };
}

const PLAN = { frames: 16, stride: 4, clips: 1 };
/** Seconds that a clip of the plan spans. */
const SPAN = 2.56;

describe('stretches of a time line', () => {
  it('are one where no pause is long', () => {
    const [only, ...others] = stretchesOf(recorded([0, 50], [4, 50]), SPAN);
    assert.deepEqual([only!.start, only!.times.length, others.length], [0, 100, 0]);
    assert.ok(Math.abs(only!.end - 6) < 1e-9);
  });

  it('end a frame step behind the last frame in front of a long pause', () => {
    const stretches = stretchesOf(recorded([0, 50], [100, 25]), SPAN);
    assert.deepEqual(stretches.map(({ start, end }) => [start, Math.round(end * 100)]), [[0, 200], [100, 10100]]); // prettier-ignore
  });

  it('do not believe a last frame that is on display for ever', () => {
    const line = { ...recorded([0, 50]), end: 86400 };
    assert.ok(Math.abs(stretchesOf(line, SPAN)[0]!.end - 2) < 1e-9);
  });

  it('hold every frame once, in order, and no long pause', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0.04), fc.double({ min: 1e-3, max: 20, noNaN: true })), { minLength: 1, maxLength: 60 }),
        (gaps) => {
          let time = 0;
          const times = gaps.map((gap) => (time += gap));
          const stretches = stretchesOf({ times, end: time + 0.04, interval: 0.04 }, SPAN);
          assert.deepEqual(stretches.flatMap((stretch) => stretch.times), times);
          for (const { times: part, start, end } of stretches) {
            assert.equal(start, part[0]);
            assert.ok(end > part.at(-1)!);
            assert.ok(part.every((value, i) => i === 0 || value - part[i - 1]! <= SPAN));
          }
        },
      ),
    ); // prettier-ignore
  });
});

describe('clips and pauses', () => {
  it('a stray time far from all others moves no clip', () => {
    const plain = sampleClips(recorded([0, 250]), { ...PLAN, clips: 5 });
    for (const line of [recorded([0, 250], [90000, 1]), recorded([-7000, 1], [0, 250])])
      assert.deepEqual(sampleClips(line, { ...PLAN, clips: 5 }), plain);
  });

  it('lie in what was recorded, in proportion, and never across an interruption', () => {
    const line = recorded([0, 200], [500, 20], [1000, 400]);
    const clips = sampleClips(line, { ...PLAN, clips: 9 });
    // 5.44 s of room in front, 13.44 s behind, none in the 0.8 s between them.
    const starts = clips.map(({ span }) => span[0]);
    assert.deepEqual(starts.map((start) => start >= 1000), [false, false, false, true, true, true, true, true, true]); // prettier-ignore
    assert.equal(starts[0], 0);
    assert.ok(Math.abs(clips.at(-1)!.span[1] - 1016) < 0.05);
    for (const { times, held } of clips) {
      assert.equal(held, 0);
      times.forEach((time, i) => {
        assert.ok(i === 0 || Math.abs(time - times[i - 1]! - 0.16) < 1e-6);
      });
    }
  });

  it('use the longest stretch where none is long enough', () => {
    for (const chance of [null, () => 0.99]) {
      const [clip] = sampleClips(recorded([0, 10], [50, 40], [99, 25]), PLAN, chance);
      assert.equal(clip!.span[0], 50);
      // 1.6 of 2.56 s are there.
      assert.equal(clip!.held, 6);
      assert.ok(clip!.times.every((time) => time >= 50 && time < 51.6));
    }
  });

  it('of a slide show are as long as its frames are apart', () => {
    const line = { times: [0, 10, 20, 30], end: 40, interval: 10 };
    const [clip] = sampleClips(line, { frames: 4, stride: 1, clips: 1 });
    assert.deepEqual(clip!.times, [0, 10, 20, 30]);
  });
});
