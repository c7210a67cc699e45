import assert from 'node:assert/strict';
import { csvFields } from '../../../../stages/source/lists/kinetics-rows.js';
import { brief, sourceScratch } from '../support.js';

const scratch = sourceScratch();

const item = (label: string, segment: [number, number], subset = 'training') => ({
  annotations: { label, segment },
  duration: 10,
  subset,
  url: 'https://www.youtube.com/watch?v=0',
});

describe('annotations of Kinetics', () => {
  it('in JSON: segments that were cut out, whole videos, and what is missing', async () => {
    await scratch.touch(
      'k/videos/playing guitar/-cutOut0001_000002_000012.mkv',
      'k/videos/wholeVideo1.mp4',
    );
    await scratch.write(
      'k/kinetics.json',
      JSON.stringify(
        {
          '-cutOut0001': item('playing guitar', [2, 12]),
          wholeVideo1: item('surfing', [61.5, 71.5], 'validate'),
          missing0001: item('surfing', [0, 10], 'testing'),
          unlabelled1: { annotations: { segment: [1, 11] }, subset: 'test' },
          nothing0001: { subset: 'test' },
        },
        null,
        2,
      ),
    );
    const entries = await scratch.entries('k/kinetics.json');
    assert.deepEqual(brief(entries), [
      ['-cutOut0001_000002_000012', 'playing guitar', 'train'],
      ['wholeVideo1_000061_000071', 'surfing', 'val', 61.5, 71.5],
      ['missing0001_000000_000010', 'surfing', 'test'],
      ['unlabelled1_000001_000011', null, 'test'],
      ['nothing0001', null, 'test'],
    ]);
    assert.deepEqual(
      entries.slice(0, 3).map(({ path }) => path),
      [
        scratch.path('k/videos/playing guitar/-cutOut0001_000002_000012.mkv'),
        scratch.path('k/videos/wholeVideo1.mp4'),
        scratch.path('k/missing0001_000000_000010.mp4'),
      ],
    );
  });

  it('of files that are segments under the names of whole videos', async () => {
    await scratch.touch('trimmed/wholeVideo1.webm');
    await scratch.write('trimmed/train.json', JSON.stringify({ wholeVideo1: item('a', [30, 40]) }));
    const [entry] = await scratch.entries('trimmed/train.json', { trimmed: true });
    assert.deepEqual([entry?.start, entry?.end], [null, null]);
    assert.equal(entry?.path, scratch.path('trimmed/wholeVideo1.webm'));
  });

  it('in CSV, with columns in any order', async () => {
    await scratch.touch('csv/media/a_b-c.d12345.mp4');
    await scratch.write(
      'csv/train.csv',
      'label,youtube_id,time_start,time_end,split,is_cc\n"rock, paper",a_b-c.d1234,5,15,validate,0\n\nsurfing,a_b-c.d12345,0,10,train,1\n',
    );
    assert.deepEqual(
      brief(await scratch.entries('csv/train.csv', { videos: scratch.path('csv/media') })),
      [
        ['a_b-c.d1234_000005_000015', 'rock, paper', 'val'],
        ['a_b-c.d12345_000000_000010', 'surfing', 'train', 0, 10],
      ],
    );
    await scratch.write('csv/test.csv', 'youtube_id,time_start,time_end\n#NAME?,0,10\n');
    assert.deepEqual(brief(await scratch.entries('csv/test.csv')), [
      ['#NAME?_000000_000010', null, 'test'],
    ]);
  });

  it('that are wrong are an error that says where', async () => {
    const wrong = async (name: string, text: string, words: RegExp) => {
      await scratch.write(name, text);
      await assert.rejects(scratch.entries(name), words);
    };
    await wrong('k1.json', JSON.stringify({ abc: item('a', [12, 2]) }), /k1\.json, video "abc": got .*its end must come after its start; a video is like/); // prettier-ignore
    await wrong('k2.json', '{"abc": {"annotations": {"label": 3}}}', /video "abc": .*annotations\.label/); // prettier-ignore
    await wrong('k3.json', '{\n"a": {},\n"b": {},,\n"c": {}}', /k3\.json, line 3: not JSON as it should be/); // prettier-ignore
    await wrong('k4.json', '{\n"a": {},\n"b": {', /k4\.json, at its end: not JSON/);
    await wrong('k5.json', '{"database": {"a": {}}}', /looks like annotations of ActivityNet/);
    await wrong('k6.csv', 'label,youtube_id,time_start,time_end,split\nx,abc,10,5,train\n', /k6\.csv, line 2: got "x,abc,10,5,train": time_end must come after/); // prettier-ignore
    await wrong('k7.csv', 'youtube_id,time_start,time_end\nabc,ten,20\n', /k7\.csv, line 2: .*time_start/); // prettier-ignore
  });
});

describe('fields of a line of CSV', () => {
  it('may be quoted', () => {
    assert.deepEqual(csvFields('a, b ,"c, ""d""",,e'), ['a', 'b', 'c, "d"', '', 'e']);
    assert.deepEqual(csvFields(''), ['']);
  });
});
