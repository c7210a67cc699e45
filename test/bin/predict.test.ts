import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFile, mkdir, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AVME, avme, refused } from '../support/cli.js';
import { makeVideo } from '../support/media.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

const MEDIA = resolve(fileURLToPath(new URL('../../..', import.meta.url)), '../shared/media');

interface Prediction {
  readonly event: string;
  readonly id: string;
  readonly start: number;
  readonly end: number;
  readonly views: number;
  readonly top: readonly { readonly label: string; readonly probability: number }[];
}

interface Evaluated {
  readonly id: string;
  readonly predicted: string;
  readonly views: number;
  readonly top5: Prediction['top'];
}

/** Runs the built command with lines on its stdin. */
function withStdin(args: readonly string[], lines: readonly string[]): Promise<Record<string, unknown>[]> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [AVME, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', reject).on('close', () => {
      done(said.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>));
    });
    child.stdin.end(lines.join('\n'));
  });
} // prettier-ignore

describe('avme predict', function () {
  this.timeout(240_000);
  const { path, classified, trained } = useTinyRuns();
  const predict = (...more: string[]) => ['predict', path('tuned'), ...more, '--backend', 'wasm', '--json']; // prettier-ignore
  const of = (kind: string, events: readonly Record<string, unknown>[]) =>
    events.filter(({ event }) => event === kind);
  const run = async (...more: string[]) => {
    const { code, stderr, events } = await avme(predict(...more));
    assert.equal(code, 0, stderr);
    return events;
  };

  before(() => classified('tuned', 'clips'));

  it('says of raw videos what evaluate says of their clips in a cache', async () => {
    const out = path('evaluated');
    const evaluated = await avme(['evaluate', '--run', path('tuned'), '--cache', path('clips'), '--out', out, '--backend', 'wasm']); // prettier-ignore
    assert.equal(evaluated.code, 0, evaluated.stderr);
    const rows = (await readFile(join(out, 'predictions.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Evaluated); // prettier-ignore
    const events = await run(path('videos'), '--top', '5');
    const predictions = of('prediction', events) as unknown as Prediction[];
    assert.deepEqual(predictions.map(({ id }) => id), rows.map(({ id }) => id)); // prettier-ignore
    for (const [i, { top, views }] of predictions.entries()) {
      assert.equal(views, 2);
      assert.equal(rows[i]!.views, 2);
      for (const { label, probability } of rows[i]!.top5) {
        const same = top.find((one) => one.label === label)!;
        assert.ok(Math.abs(same.probability - probability) < 1e-6, `${rows[i]!.id} ${label}`);
      }
    }
    const done = events.at(-1)!;
    assert.deepEqual([done['event'], done['videos'], done['failed'], done['clips']], ['done', 10, 0, 20]); // prettier-ignore
    assert.ok((done['stages'] as { stage: string }[]).some(({ stage }) => stage === 'decode'));
  });

  it('goes on behind damaged files, and says of each why, in the order of the list', async () => {
    await mkdir(path('mixed'));
    const [label = ''] = await readdir(path('videos'));
    const [file = ''] = await readdir(join(path('videos'), label));
    const good = join(path('videos'), label, file);
    for (const name of ['b.mp4', 'd.mp4']) await copyFile(good, path(`mixed/${name}`));
    await copyFile(good, path('mixed/c.mp4'));
    await truncate(path('mixed/c.mp4'), 3000);
    await writeFile(path('mixed/a.mp4'), 'this is no video');
    const csv = path('mixed.csv');
    const events = await run(path('mixed'), '--out', csv, '--batch', '2', '--top', '2');
    const results = events.filter(({ event }) => event === 'prediction' || event === 'failure');
    assert.deepEqual(results.map(({ event, id }) => [id, event]), [['a.mp4', 'failure'], ['b.mp4', 'prediction'], ['c.mp4', 'failure'], ['d.mp4', 'prediction']]); // prettier-ignore
    assert.ok(results.every(({ event, cause }) => event === 'prediction' || typeof cause === 'string')); // prettier-ignore
    const [header, ...rows] = (await readFile(csv, 'utf8')).trim().split('\r\n');
    assert.equal(header, 'id,path,start,end,views,label1,probability1,label2,probability2,failure');
    assert.equal(rows.length, 4);
    assert.match(rows[0]!, /^a\.mp4,.*,,,,,,,,"?index: /);
    assert.match(rows[1]!, /^b\.mp4,.*,2,\w+,0\.\d+,\w+,0\.\d+,$/);
  });

  it('leaves out the lines of a list that are wrong, and says which', async () => {
    const [label = ''] = await readdir(path('videos'));
    const [file = ''] = await readdir(join(path('videos'), label));
    const lines = [{ path: `${label}/${file}` }, { path: 7 }];
    await writeFile(path('lines.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join('')); // prettier-ignore
    const events = await run(path('lines.jsonl'), '--videos', path('videos'));
    assert.equal(of('prediction', events).length, 1);
    assert.match(String(of('note', events)[0]?.['text']), /a line is left out: .*line 2: got .*7/);
  });

  slow.it('slides over a long video, with start and end of each window, smoothed', async () => {
    const video = await makeVideo(path('long.mp4'), { seconds: 8 });
    const plain = of('prediction', await run(video, '--every', '1', '--top', '20')) as unknown as Prediction[]; // prettier-ignore
    const starts = plain.map(({ start }) => start);
    // 64 frame steps of 25 a second: the last whole window starts at 5.44 s.
    assert.deepEqual(starts.map((start) => Math.round(start * 100) / 100), [0, 1, 2, 3, 4, 5, 5.44]); // prettier-ignore
    assert.ok(plain.every(({ start, end }) => Math.abs(end - start - 2.56) < 1e-6));
    const smooth = of('prediction', await run(video, '--every', '1', '--window', '2.5', '--top', '20')) as unknown as Prediction[]; // prettier-ignore
    assert.deepEqual(smooth.map(({ start }) => start), starts); // prettier-ignore
    const scoreOf = (top: Prediction['top'], label: string) => top.find((one) => one.label === label)!.probability; // prettier-ignore
    for (const [i, { top }] of smooth.entries()) {
      const near = plain.filter(({ start }) => Math.abs(start - starts[i]!) <= 1.25);
      for (const { label, probability } of top) {
        const mean = near.reduce((sum, one) => sum + scoreOf(one.top, label), 0) / near.length;
        assert.ok(Math.abs(mean - probability) < 1e-6);
      }
    }
  });

  slow.it('takes paths on stdin, one a line, and files by name', async () => {
    const video = path('long.mp4');
    const events = await withStdin(predict('-', '--clips', '1'), [video, '', path('nowhere.mp4'), video]); // prettier-ignore
    const results = events.filter(({ event }) => event === 'prediction' || event === 'failure');
    assert.deepEqual(results.map(({ event }) => event), ['prediction', 'failure', 'prediction']); // prettier-ignore
    assert.match(String(results[1]!['cause']), /does not exist/);
    const [named] = of('prediction', await run(video, '--clips', '1'));
    const [first] = results;
    assert.deepEqual(named!['top'], first!['top']);
  });

  slow.it('shows the sound, the clips and the crops that are asked for', async () => {
    const video = join(path('videos'), 'bar', 'bar-00.mp4');
    const top = async (...more: string[]) => of('prediction', await run(video, ...more))[0]!;
    const own = await top();
    assert.notDeepEqual((await top('--sound', 'mute'))['top'], own['top']);
    const views = await top('--views', '3x3', '--fit', 'short-side');
    assert.equal(views['views'], 9);
  });

  slow.it('goes through odd media without a stop', async function () {
    const odd = (await readdir(join(MEDIA, 'odd'))).length;
    const events = await run(join(MEDIA, 'odd'), join(MEDIA, 'everyday'));
    const results = events.filter(({ event }) => event === 'prediction' || event === 'failure');
    assert.ok(results.length > odd);
    assert.equal(of('failure', events).length, 3);
  });

  it('says what does not go together', async () => {
    await trained('pretrained');
    const video = path('long.mp4');
    const asked = (...more: string[]) => predict(video, ...more);
    await Promise.all([
      refused(['predict', path('nowhere'), video], 1, /nowhere is not a run folder/),
      refused(['predict', path('pretrained'), video], 1, /is a run of pre-training, which knows no classes/), // prettier-ignore
      refused(predict(path('none')), 1, /there is no folder or list at .*none/),
      refused(asked('--window', '3'), 1, /give --every as well/),
      refused(asked('--every', '1', '--clips', '2'), 1, /leave --clips and --views out/),
      refused(asked('--every', '0'), 2, /--every: got "0"; must be a number of seconds above 0/),
      refused(asked('--sound', 'shuffled'), 2, /--sound: got "shuffled"/),
      refused(asked('--views', '1x3'), 1, /the frames are 32 × 32 pixels.*make them with --fit short-side/), // prettier-ignore
      refused(asked('--out', 'a.txt'), 2, /must end in \.jsonl or \.csv/),
    ]);
  });
});
