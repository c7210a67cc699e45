import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { index } from '../../../stages/index-videos.js';
import { StageError } from '../../../stages/stage-error.js';
import { scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();

async function causeOf(text: string): Promise<string> {
  const path = scratch.path('a.mp4');
  await writeFile(path, text);
  const entry = { path, id: 'a', label: null, split: null, start: null, end: null };
  const causes: string[] = [];
  const onFailure = (error: unknown) => {
    causes.push(error instanceof StageError ? error.cause : String(error));
  };
  const stream = Readable.from([{ entry, configuration: {} }]).pipe(index({ onFailure }));
  assert.deepEqual(await stream.toArray(), []);
  return causes.join();
}

describe('a web page under the name of a video', () => {
  it('is told from a damaged video', async () => {
    for (const page of [
      '<!DOCTYPE html>\n<html><head><title>404</title></head></html>',
      '\uFEFF\n<!-- cached -->\n<html lang="en"><body>log in</body></html>',
    ])
      assert.match(await causeOf(page), /^it is a web page, not a video: the download went wrong/);
    assert.doesNotMatch(await causeOf('this is no video <html>'), /web page/);
  });
});
