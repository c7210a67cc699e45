import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { columnsOption, FIELDS } from '../../../../stages/source/lists/columns.js';
import { parseTime } from '../../../../stages/source/lists/listed-entry.js';
import { openSource } from '../../../../stages/source/open-source.js';
import { sourceOptions, type SourceInput } from '../../../../stages/source/options.js';
import { brief, sourceScratch } from '../support.js';

const scratch = sourceScratch();

/** Made by pandas, PyArrow and DuckDB; see make.py there. */
const golden = (name: string) => fileURLToPath(new URL(`../../../../../test/golden/tables/${name}`, import.meta.url)); // prettier-ignore

async function walk(path: string, options: SourceInput = {}) {
  const source = await openSource(path, sourceOptions.parse(options));
  const entries = [];
  for await (const entry of source.entries()) entries.push(entry);
  return { kind: source.kind, entries: brief(entries) };
}

const write = async (name: string, text: string | Buffer) => {
  await writeFile(scratch.path(name), text);
  return scratch.path(name);
};

describe('a table with named columns', () => {
  const ROWS = [
    ['a.mp4', 'playing, guitar', 'train'],
    ['dance/say "hi", twice.mp4', 'two\nlines', 'train'],
    ['b.mp4#1.5-3', '7', 'validation', 1.5, 3],
    ['b.mp4#62.25-3723.5', null, 'test', 62.25, 3723.5],
    ['ü/é.mp4#0-2.5', 'dance', 'test', 0, 2.5],
  ];
  for (const name of [
    'pandas.csv',
    'pandas.tsv.gz',
    'snappy.parquet',
    'zstd.parquet',
    'brotli.parquet',
  ])
    // prettier-ignore
    it(`is read as it was written: ${name}`, async () => {
      assert.deepEqual(await walk(golden(name)), { kind: 'table', entries: ROWS });
    });

  it('has times of day, whole numbers and packed columns of DuckDB', async () => {
    const expected = [
      ['x.mp4#62.5-3600', '3', null, 62.5, 3600],
      ['y.mp4', '4', null],
    ];
    assert.deepEqual((await walk(golden('duckdb.parquet'))).entries, expected);
    const packed = gzipSync(await readFile(golden('duckdb.parquet')));
    assert.deepEqual((await walk(await write('list.parquet.gz', packed))).entries, expected);
  });

  it("has Hugging Face's classes by their names", async () => {
    assert.deepEqual((await walk(golden('classes.parquet'))).entries, [
      ['a.mp4', 'surf', null],
      ['b.mp4', 'dance', null],
      ['c.mp4', null, null],
    ]);
  });

  it('may have its columns in any order, under any usual name, with an id', async () => {
    const text =
      'Class;Clip ID;Duration;File Name;Start Time\nrun;k1;2.5;a.mp4;1:02:03\n;;9;b.mp4;\n';
    assert.deepEqual((await walk(await write('val.csv', text))).entries, [
      ['k1', 'run', 'val', 3723, 3725.5],
      // The duration alone is the length of the whole video.
      ['b.mp4', null, 'val'],
    ]);
  });

  it('does not take the id of a video for that of its segments', async () => {
    const text = 'video_id,path,start,end\nv,v.mp4,0,1\nv,v.mp4,1,2\n';
    const { entries } = await walk(await write('segments.csv', text));
    assert.deepEqual(
      entries.map(([id]) => id),
      ['v.mp4#0-1', 'v.mp4#1-2'],
    );
  });

  it('is told which columns hold what', async () => {
    const path = await write('own.csv', 'clip_no,what,where\n1,run,a.mp4\n');
    await assert.rejects(
      walk(path),
      /own\.csv: no column is known to hold .*; the columns are "clip_no", "what", "where": say which one does, like --columns path=/,
    );
    assert.deepEqual((await walk(path, { columns: 'path=where,label=what' })).entries, [['a.mp4', 'run', null]]); // prettier-ignore
    await assert.rejects(walk(path, { columns: 'path=file' }), /no column "file" for path; the columns are "clip_no"/); // prettier-ignore
    const known = await write('known.csv', 'path,label,end\na.mp4,run,300\n');
    assert.deepEqual((await walk(known, { columns: ['end='] })).entries, [['a.mp4', 'run', null]]);
  });

  it('is no list of lines that spaces part, whatever stands above them', async () => {
    assert.deepEqual(await walk(await write('spaces.csv', 'path,label\na b.mp4 7\n')), {
      kind: 'csv',
      entries: [['a b.mp4', '7', null]],
    });
    assert.equal((await walk(await write('bare.csv', 'a.mp4,3\nb.mp4,4\n'))).kind, 'csv');
  });

  it('names the row that is wrong, what it says, and why', async () => {
    const wrong: Record<string, RegExp> = {
      'path,start,end\na.mp4,0,1\na.mp4,5,3\n':
        /line 3: got ".*": end must come after start: 5 to 3/,
      'path,start\na.mp4,soon\n': /line 2: .*start: must be seconds from 0 on, or like 1:02:03\.5/,
      'path,label\n,3\n': /line 2: .*path: must be the path of a video/,
      'path,label\na.mp4,3,train\n': /line 2: .*3 fields, but the header has 2/,
      'url\nhttps://example.org/a.mp4\n': /line 2: .*is a web address; download it/,
      'path,label\n"a.mp4",3\n"b.mp4,4\n': /wrong\.csv, record that ends in line 3: there is a quote in it that nothing closes/, // prettier-ignore
    };
    for (const [text, message] of Object.entries(wrong))
      await assert.rejects(walk(await write('wrong.csv', text)), message);
  });

  it('is told from a damaged one', async () => {
    const gz = (await readFile(golden('pandas.tsv.gz'))).subarray(0, 90);
    await assert.rejects(walk(await write('cut.tsv.gz', gz)), /cut\.tsv\.gz: the gzip file is damaged or incomplete/); // prettier-ignore
    const parquet = (await readFile(golden('snappy.parquet'))).subarray(0, 2000);
    await assert.rejects(walk(await write('cut.parquet', parquet)), /cut\.parquet: not Parquet as it should be/); // prettier-ignore
  });

  it('may be a JSON list with other keys', async () => {
    const lines =
      '{"video_path":"a.mp4","class":"x","start":"1:02"}\n{"class":"y","video_path":"b.mp4"}\n';
    const entries = [
      ['a.mp4#62-', 'x', null, 62, null],
      ['b.mp4', 'y', null],
    ];
    assert.deepEqual(await walk(await write('keys.json', lines)), { kind: 'jsonl', entries });
    const packed = await write('keys.jsonl.gz', gzipSync(lines));
    assert.deepEqual(await walk(packed), { kind: 'jsonl', entries });
    const own = await write('own.jsonl', '{"a":"x.mp4","label":"b"}\n');
    assert.deepEqual((await walk(own, { columns: 'path=a' })).entries, [['x.mp4', 'b', null]]);
  });

  it('may be packed, as any list may', async () => {
    const kinetics = 'label,youtube_id,time_start,time_end,split\nrun,abcdefghijk,2,12,train\n';
    const { kind, entries } = await walk(await write('k.csv.gz', gzipSync(kinetics)));
    assert.deepEqual([kind, entries.length], ['kinetics', 1]);
    const array = await write('array.json.gz', gzipSync('[{"path":"a.mp4"}]'));
    assert.deepEqual(await walk(array), { kind: 'jsonl', entries: [['a.mp4', null, null]] });
    assert.equal(gunzipSync(await readFile(array)).length, 18);
  });
});

describe('names of columns on the command line', () => {
  it('may have commas, and stay what they are once they are understood', () => {
    const parsed = columnsOption.parse('path=a, b,label=c=d');
    assert.deepEqual(parsed, { path: 'a, b', label: 'c=d' });
    assert.deepEqual(columnsOption.parse(parsed), parsed);
    for (const wrong of ['video=a', 'path', '=a', { path: 1 }])
      assert.match(String(columnsOption.safeParse(wrong).error), new RegExp(FIELDS.join(', ')));
  });
});

describe('a time in a list', () => {
  it('is what was written, in every form', () => {
    fc.assert(
      fc.property(fc.nat(99), fc.nat(59), fc.nat(59), fc.nat(999), (h, m, s, ms) => {
        const two = (value: number) => String(value).padStart(2, '0');
        const fraction = String(ms).padStart(3, '0');
        const seconds = h * 3600 + m * 60 + s + ms / 1000;
        const near = (text: string) => {
          assert.ok(Math.abs(parseTime(text) - seconds) < 1e-6, text);
        };
        near(`${two(h)}:${two(m)}:${two(s)}.${fraction}`);
        near(`${h}:${m}:${s},${fraction}`);
        near(String(seconds));
        if (h === 0) near(`${m}:${two(s)}.${fraction}`);
      }),
    );
  });

  it('is none when it is anything else', () => {
    for (const text of ['', 'soon', '1:', ':1', '1:2:3:4', '1:-2', '1h', '0x10', '1 2'])
      assert.ok(Number.isNaN(parseTime(text)), text);
  });
});
