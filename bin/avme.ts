#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { avmeVersion } from '../pipeline/version.js';
import { COMMANDS } from './command-list.js';
import { exitCodeOf, wordsOf } from './cli/failure.js';
import { visible } from './cli/terminal.js';

const program = new Command('avme')
  .description('Teaches machines to understand video from picture and sound.')
  .version(await avmeVersion())
  .exitOverride();

// The command's own name, or the one that is asked about: `avme help pretrain`. The others are only listed.
const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const meant = words[0] === 'help' ? words[1] : words[0];
for (const { name, summary, load } of COMMANDS)
  program.addCommand((name === meant ? await load() : new Command(name)).description(summary));

// A reader that has had enough, like `head`, ends the command as it would end any other.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(128 + 13);
  throw error;
});

// The glob of --filter is what Node 20 calls experimental: that is for us to know, not for who runs us.
process.removeAllListeners('warning').on('warning', ({ name, message }) => {
  if (name !== 'ExperimentalWarning') process.stderr.write(`avme: ${name}: ${message}\n`);
});

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed its own errors already.
  if (!(error instanceof CommanderError)) {
    const lines = wordsOf(error).split('\n');
    process.stderr.write(`avme: ${lines.map(visible).join('\n')}\n`);
  }
  if (process.env['AVME_DEBUG'] !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack ?? ''}\n`);
  process.exitCode = exitCodeOf(error);
}
