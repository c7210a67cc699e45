import assert from 'node:assert/strict';
import { COMMANDS } from '../../bin/command-list.js';
import { commandsPage } from '../../docs/generate/commands-page.js';
import { markdownFiles, readPage } from './markdown.js';

/** What stands in the documentation as a command of avme: its name and its flags. */
function commandsIn(text: string): { name: string; flags: string[] }[] {
  const joined = text.replace(/ *\\\n */g, ' ');
  const code = [...joined.matchAll(/^(`{3,}).*\n([^]*?)^\1$|`([^`\n]+)`/gm)].map(
    ([, , block, inline]) => block ?? inline ?? '',
  );
  return code
    .flatMap((part) => [...part.matchAll(/(?:^|&& |exec |npx |' *)avme ([a-z]+)([^\n&#|']*)/gm)])
    .map(([, name = '', rest = '']) => ({
      name,
      flags: rest.match(/(?<= )--[a-z][a-z-]*/g) ?? [],
    }));
}

describe('commands in the documentation', function () {
  this.timeout(120_000);

  it('are, in docs/reference/commands.md, what npm run docs:commands writes', async () => {
    const committed = await readPage('docs/reference/commands.md');
    assert.equal(committed, await commandsPage(), 'stale: run npm run docs:commands');
  });

  it('have a section on their JSON output to link to', async () => {
    const page = await readPage('docs/reference/json-output.md');
    for (const { name } of COMMANDS) assert.match(page, new RegExp(`^## ${name}$`, 'm'));
  });

  it('exist, and have the options that are given to them', async () => {
    const known = new Map<string, Set<string>>();
    for (const { name, load } of COMMANDS) {
      const flags = (await load()).options.map(({ long }) => long ?? '');
      known.set(name, new Set([...flags, '--help']));
    }
    const problems: string[] = [];
    let count = 0;
    for (const page of await markdownFiles())
      for (const { name, flags } of commandsIn(await readPage(page))) {
        count++;
        if (!known.has(name)) problems.push(`${page}: avme ${name}`);
        for (const flag of flags)
          if (known.get(name)?.has(flag) === false) problems.push(`${page}: avme ${name} ${flag}`);
      }
    assert.ok(count > 100, `only ${count} commands found`);
    assert.deepEqual(problems, []);
  });
});
