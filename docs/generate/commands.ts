import { writeFile } from 'node:fs/promises';
import { commandsPage } from './commands-page.js';

await writeFile('docs/reference/commands.md', await commandsPage());
