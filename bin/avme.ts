#!/usr/bin/env node
import { run } from './cli/run.js';

// A reader that has had enough, like `head`, ends the command as it would end any other.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(128 + 13);
  throw error;
});

// The glob of --filter is what Node 20 calls experimental: that is for us to know, not for who runs us.
process.removeAllListeners('warning').on('warning', ({ name, message }) => {
  if (name !== 'ExperimentalWarning') process.stderr.write(`avme: ${name}: ${message}\n`);
});

process.exitCode = await run(process.argv.slice(2), (text) => process.stderr.write(text));
