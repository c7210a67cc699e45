import assert from 'node:assert/strict';
import { COMMANDS } from '../../bin/command-list.js';
import { commandsPage } from '../../docs/generate/commands-page.js';
import { readPage } from './markdown.js';

describe('docs/reference/commands.md', function () {
  this.timeout(120_000);

  it('is what npm run docs:commands writes', async () => {
    const committed = await readPage('docs/reference/commands.md');
    assert.equal(committed, await commandsPage(), 'stale: run npm run docs:commands');
  });

  it('has a section on the JSON output of every command to link to', async () => {
    const page = await readPage('docs/reference/json-output.md');
    for (const { name } of COMMANDS) assert.match(page, new RegExp(`^## ${name}$`, 'm'));
  });
});
