import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PacketReader } from '../../../stages/probe/packet-list.js';

const LIST = [
  '#software: Lavf58.24.100',
  '#tb 0: 1001/30000',
  '#media_type 0: video',
  '0,         -1,          0,        1,     5548, 0x97e9f41f',
  '0,          0,          3,        1,     1022, 0x467ddd6e, F=0x0, S=1,        1, 0x00e000e0',
  '0,          1,          1,        1,     1666, 0x38fcfe2c, F=0x0',
  // Hidden by an edit list: not shown, but a keyframe that others depend on.
  '0,          2,         -9,        1,     1666, 0x38fcfe2c, F=0x5',
  // No presentation time.
  '0,          1, -9223372036854775808,        1,     4152, 0x6bd923da, F=0x0',
  '0,          2,          5,        1,     4152, 0x6bd923da, F=0x0',
  // No time at all.
  '0, -9223372036854775808, -9223372036854775808,        1,     4152, 0x6bd923da, F=0x0',
  '0,          4,          4,        2,      948, 0xc4e3c157',
  '',
].join('\n');

describe('the packet list', () => {
  it('gives times in display order, keyframes, the end and the time base', () => {
    const reader = new PacketReader();
    reader.write(LIST);
    assert.deepEqual(reader.end(), {
      tick: 1001 / 30000,
      times: Float64Array.of(0, 1, 2, 3, 4, 5),
      keyframes: Float64Array.of(-9, 0, 4),
      end: 6,
    });
  });

  it('shows reference frames without a time when the next one is decoded', () => {
    const reader = new PacketReader();
    const none = '-9223372036854775808';
    // I P B B P B B: what AVI says of the pictures I B B P B B P.
    const packets = [`0, ${none}`, `1, ${none}`, '2, 2', '3, 3', `4, ${none}`, '5, 5', '6, 6'];
    reader.write(`#tb 0: 1/25\n${packets.map((times) => `0, ${times}, 1, 9, 0x1\n`).join('')}`);
    assert.deepEqual([...reader.end().times], [1, 2, 3, 4, 5, 6]);
  });

  it('does not care where its chunks are cut', () => {
    const whole = new PacketReader();
    whole.write(LIST);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: LIST.length })), (cuts) => {
        const reader = new PacketReader();
        const places = [0, ...cuts.sort((a, b) => a - b), LIST.length];
        places.forEach((place, i) => { reader.write(LIST.slice(place, places[i + 1])); }); // prettier-ignore
        assert.deepEqual(reader.end(), whole.end());
      }),
    );
  });

  it('takes any text without choking', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const reader = new PacketReader();
        reader.write(`${text}\n`);
        assert.ok(reader.end().times.every(Number.isSafeInteger));
      }),
    );
  });
});
