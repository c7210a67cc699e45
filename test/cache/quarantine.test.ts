import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { Quarantine, readQuarantine } from '../../cache/quarantine.js';
import { useFolder } from './support.js';

const entry = (id: string, cause = 'no picture') => ({
  path: `/videos/${id}`,
  id,
  stage: 'decode',
  cause,
  detail: 'moov atom not found\nInvalid data',
  contentHash: null,
});

describe('quarantine', () => {
  const folder = useFolder();
  const lines = async () =>
    (await readFile(join(folder(), 'quarantine.jsonl'), 'utf8')).split('\n').slice(0, -1);
  const causes = async () => (await readQuarantine(folder())).map(({ id, cause }) => [id, cause]);

  it('is empty where there is no file', async () => {
    assert.deepEqual(await readQuarantine(folder()), []);
  });

  it('has one JSON line an entry, from the moment it is added', async () => {
    const quarantine = await Quarantine.open(folder());
    await quarantine.add(entry('a'));
    await quarantine.add(entry('b'));
    const parsed = (await lines()).map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      parsed.map(({ path, stage, cause, detail }) => ({ path, stage, cause, detail })),
      ['a', 'b'].map((id) => {
        const { path, stage, cause, detail } = entry(id);
        return { path, stage, cause, detail };
      }),
    );
    assert.ok(parsed.every(({ time }) => !Number.isNaN(Date.parse(time as string))));
    await quarantine.close();
  });

  it('keeps one line for a video that fails again, the newest', async () => {
    const first = await Quarantine.open(folder());
    await first.add(entry('a'));
    await first.add(entry('b'));
    await first.close();
    const second = await Quarantine.open(folder());
    assert.equal(second.get('a')?.cause, 'no picture');
    await second.add(entry('a', 'took too long'));
    await second.close();
    assert.deepEqual(await causes(), [
      ['b', 'no picture'],
      ['a', 'took too long'],
    ]);
    assert.equal((await lines()).length, 2);
  });

  it('lets go of a video that could be used after all', async () => {
    const quarantine = await Quarantine.open(folder());
    await quarantine.add(entry('a'));
    await quarantine.add(entry('b'));
    await quarantine.release('a');
    await quarantine.release('never there');
    assert.equal(quarantine.size, 1);
    // Before it is closed, too: a kill must not bring the video back.
    assert.deepEqual(await causes(), [['b', 'no picture']]);
    await quarantine.close();
    assert.equal((await lines()).length, 1);
  });

  it('passes over a line that a kill tore, and lines that are not its own', async () => {
    const quarantine = await Quarantine.open(folder());
    await quarantine.add(entry('a'));
    await quarantine.close();
    const path = join(folder(), 'quarantine.jsonl');
    await appendFile(path, 'null\n{"note":"hello"}\n{"path":"/videos/b","id":"b","sta');
    assert.deepEqual(await causes(), [['a', 'no picture']]);
    const next = await Quarantine.open(folder());
    await next.add(entry('c'));
    assert.deepEqual(await causes(), [
      ['a', 'no picture'],
      ['c', 'no picture'],
    ]);
    assert.equal((await lines()).length, 2);
    await next.close();
  });

  it('holds a state that existed, wherever the file is cut', async () => {
    const quarantine = await Quarantine.open(folder());
    for (const id of ['a', 'b', 'c']) await quarantine.add(entry(id));
    await quarantine.release('b');
    const path = join(folder(), 'quarantine.jsonl');
    const bytes = await readFile(path);
    const states = ['', 'a', 'ab', 'abc', 'ac'];
    let last = 0;
    for (let length = 0; length <= bytes.length; length++) {
      await writeFile(path, bytes.subarray(0, length));
      const state = states.indexOf((await readQuarantine(folder())).map(({ id }) => id).join(''));
      assert.ok(state >= last, `cut after ${length} bytes`);
      last = state;
    }
    assert.equal(last, states.length - 1);
    await quarantine.close();
  });

  it('passes over a line in which a bit was flipped: its video is tried again', async () => {
    const quarantine = await Quarantine.open(folder());
    for (const id of ['a', 'b']) await quarantine.add(entry(id));
    await quarantine.close();
    const whole = await readQuarantine(folder());
    const path = join(folder(), 'quarantine.jsonl');
    const bytes = await readFile(path);
    let lost = 0;
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(path, changed);
      const left = await readQuarantine(folder());
      // The rest, or all: where the bit means nothing.
      for (const record of left)
        assert.ok(
          whole.some(({ id }) => id === record.id),
          `bit ${bit}`,
        );
      assert.deepEqual(
        left,
        whole.filter(({ id }) => left.some((record) => record.id === id)),
        `bit ${bit}`,
      );
      if (left.length < whole.length) lost++;
    }
    assert.ok(lost > bytes.length);
  });

  it('does what a map does, over many runs', async () => {
    const steps = fc.array(
      fc.record({
        id: fc.constantFrom('a', 'b', '"\n', 'd'),
        action: fc.constantFrom('add', 'release', 'reopen'),
        cause: fc.string(),
      }),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (todo) => {
        await writeFile(join(folder(), 'quarantine.jsonl'), '');
        const expected = new Map<string, string>();
        let quarantine = await Quarantine.open(folder());
        for (const { id, action, cause } of todo) {
          if (action === 'add') {
            await quarantine.add(entry(id, cause));
            expected.delete(id);
            expected.set(id, cause);
          } else if (action === 'release') {
            await quarantine.release(id);
            expected.delete(id);
          } else {
            await quarantine.close();
            quarantine = await Quarantine.open(folder());
          }
        }
        assert.deepEqual(await causes(), [...expected]);
        await quarantine.close();
        assert.deepEqual(await causes(), [...expected]);
        assert.equal((await lines()).length, expected.size);
      }),
      { numRuns: 40 },
    );
  });
});
