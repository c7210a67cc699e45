import assert from 'node:assert/strict';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import { joinLines, readMetricsSince, thin } from '../../../../inspector/views/run/metrics-log.js';
import { scratchFolder } from '../../../support/media.js';

const line = (step: number, loss = step / 10) =>
  `${JSON.stringify({ step, loss, epoch: step / 2 })}\n`;

describe('the metrics of a run that goes on', () => {
  const { path } = scratchFolder();

  it('come piece by piece, a torn line when it is whole', async () => {
    const log = path('a.jsonl');
    assert.deepEqual(await readMetricsSince(log, ''), { cursor: '', reset: false, every: 1, lines: [] }); // prettier-ignore
    await writeFile(log, line(1) + line(2) + line(3).slice(0, 9));
    const first = await readMetricsSince(log, '');
    assert.deepEqual(first.lines.map(({ step }) => step), [1, 2]); // prettier-ignore
    await appendFile(log, line(3).slice(9) + line(4));
    const second = await readMetricsSince(log, first.cursor);
    assert.deepEqual(second.lines.map(({ step }) => step), [3, 4]); // prettier-ignore
    assert.equal(second.reset, false);
    assert.deepEqual((await readMetricsSince(log, second.cursor)).lines, []);
  });

  it('begin again when the run went back to a checkpoint', async () => {
    const log = path('b.jsonl');
    await writeFile(log, line(1) + line(2) + line(3));
    const { cursor } = await readMetricsSince(log, '');
    // As a resumed run does it: another file in the same place.
    await writeFile(path('b.new'), line(1));
    await rename(path('b.new'), log);
    const again = await readMetricsSince(log, cursor);
    assert.equal(again.reset, true);
    assert.deepEqual(again.lines.map(({ step }) => step), [1]); // prettier-ignore
  });

  it('pass over what is no line of metrics', async () => {
    const log = path('c.jsonl');
    await writeFile(log, `nonsense\n\n[1]\nnull\n{"loss":1}\n${line(7)}{"step":8,"note":"x"}\n`);
    const { lines } = await readMetricsSince(log, '');
    assert.deepEqual(lines, [{ step: 7, loss: 0.7, epoch: 3.5 }, { step: 8 }]);
    assert.equal((await readMetricsSince(log, 'what is this')).lines.length, 2);
  });

  it('are thinned to what a curve can show: means at the place of the last', () => {
    const lines = Array.from({ length: 10 }, (_, i) => ({ step: i + 1, loss: i + 1 }));
    const { every, lines: few } = thin(lines, 4);
    assert.equal(every, 3);
    assert.deepEqual(few.at(0), { step: 3, loss: 2 });
    assert.deepEqual(few.at(-1), { step: 10, loss: 10 });
    assert.deepEqual(joinLines([{ step: 1 }, { step: 2, accuracy: 0.5 }]), { step: 2, accuracy: 0.5 }); // prettier-ignore
  });
});
