import assert from 'node:assert/strict';
import { belongsTo, selectSamples } from '../../cache/subset.js';

const entries = [
  { key: 'a', id: 'a', clip: 0, label: 'cat', split: 'train' },
  { key: 'b', id: 'b', clip: 0, label: 'dog', split: 'test' },
  { key: 'c', id: 'c', clip: 0, label: null, split: 'train' },
  { key: 'd', id: 'd', clip: 0, label: 'cat', split: null },
];
const reader = { size: entries.length, entry: (index: number) => entries[index]! };

describe('subsets', () => {
  it('hold samples for which every condition holds', () => {
    assert.deepEqual(selectSamples(reader, {}), [0, 1, 2, 3]);
    assert.deepEqual(selectSamples(reader, { labels: ['cat'] }), [0, 3]);
    assert.deepEqual(selectSamples(reader, { splits: ['train'] }), [0, 2]);
    assert.deepEqual(selectSamples(reader, { labels: ['cat', 'dog'], splits: ['test'] }), [1]);
    assert.deepEqual(selectSamples(reader, { labels: [] }), []);
  });

  it('take a list of keys and ids, of which a video’s id stands for all its clips', () => {
    const clips = entries.map((entry, i) => ({ ...entry, id: `video-${i >> 1}`, clip: i & 1 }));
    const belongs = belongsTo({ keys: ['video-1', 'a', 'nowhere'], labels: ['cat', null] });
    assert.deepEqual(clips.filter(belongs).map(({ key }) => key), ['a', 'c', 'd']); // prettier-ignore
    assert.deepEqual(clips.filter(belongsTo({ keys: [] })), []);
  });

  it('take null as "without one"', () => {
    assert.deepEqual(selectSamples(reader, { labels: [null] }), [2]);
    assert.ok(belongsTo({ splits: [null] })(entries[3]!));
    assert.ok(!belongsTo({ splits: [null] })(entries[0]!));
  });
});
