import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { slow } from '../../support/slow.js';
import { sourceScratch } from './support.js';

const run = promisify(execFile);
const WALK = fileURLToPath(new URL('./walk-process.js', import.meta.url));
const LONG = process.env['AVME_LONG'] === '1';

/** MiB of JavaScript heap that the walk may have, and of the file that it reads. */
const HEAP = 16;
const FILE = LONG ? 1024 : 32;

function* annotations(bytes: number) {
  let [size, i] = [0, 0];
  yield '{';
  while (size < bytes) {
    const id = `video${String(i).padStart(6, '0')}`;
    const value = {
      annotations: { label: `class ${i % 700}`, segment: [i % 100, (i % 100) + 10] },
      duration: 10,
      subset: 'training',
      url: `https://www.youtube.com/watch?v=${id}`,
    };
    const text = `${i === 0 ? '' : ',\n'}"${id}": ${JSON.stringify(value, null, 2)}`;
    size += text.length;
    i++;
    yield text;
  }
  yield '}';
}

describe('annotations that are larger than the memory', function () {
  this.timeout(LONG ? 3_600_000 : 120_000);
  const scratch = sourceScratch();

  slow.it(`${FILE} MiB are walked in a heap of ${HEAP} MiB`, async () => {
    await scratch.touch('video000000.mp4');
    const list = scratch.path('train.json');
    let last = '';
    function* text() {
      for (const part of annotations(FILE * 2 ** 20)) {
        last = /^,?\n?"(\w+)"/.exec(part)?.[1] ?? last;
        yield part;
      }
    }
    await pipeline(Readable.from(text(), { highWaterMark: 256 }), createWriteStream(list));
    assert.ok((await stat(list)).size >= FILE * 2 ** 20);
    const { stdout } = await run(process.execPath, [`--max-old-space-size=${HEAP}`, WALK, list]);
    const seen = JSON.parse(stdout) as { entries: number; last: string };
    assert.ok(seen.last.startsWith(`${last}_`), `${seen.last} is the last, not ${last}`);
    assert.equal(seen.entries, Number(last.slice(5)) + 1);
  });
});
