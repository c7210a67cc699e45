import assert from 'node:assert/strict';
import { VideosInOrder } from '../../../pipeline/predict/videos-in-order.js';

const entry = (id: string) => ({ path: `/${id}`, id, label: null, split: null, start: null, end: null }); // prettier-ignore
const failure = { stage: 'decode', cause: 'broken', detail: '' };

describe('videos between list and results', () => {
  it('are given out in order, once what follows them is there', () => {
    const videos = new VideosInOrder(() => ({}));
    for (const [number, id] of ['a', 'b', 'c'].entries()) videos.add(number, entry(id));
    videos.fail(1, failure);
    assert.deepEqual([...videos.before(0)], []);
    const done = [...videos.before(2)];
    assert.deepEqual(done.map(({ entry: { id }, failures }) => [id, failures.length]), [['a', 0], ['b', 1]]); // prettier-ignore
    assert.throws(() => videos.get(1), /video 1 is complete/);
    assert.deepEqual([...videos.before(9)].map(({ entry: { id } }) => id), ['c']); // prettier-ignore
  });
});
