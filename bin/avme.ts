#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { avmeVersion } from '../pipeline/index.js';
import { convertCommand } from './convert.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { evidenceCommand } from './evidence.js';
import { exportCommand } from './export.js';
import { evaluateCommand } from './evaluate.js';
import { exitCodeOf, wordsOf } from './failure.js';
import { finetuneCommand } from './finetune.js';
import { importCommand } from './import.js';
import { inspectCommand } from './inspect.js';
import { mergeCommand } from './merge.js';
import { preprocessCommand } from './preprocess.js';
import { pretrainCommand } from './pretrain.js';
import { reconstructCommand } from './reconstruct.js';
import { reproduceCommand } from './reproduce.js';
import { setupCommand } from './setup.js';
import { visible } from './terminal.js';
import { verifyCommand } from './verify.js';

const program = new Command('avme')
  .description('Teaches machines to understand video from picture and sound.')
  .version(await avmeVersion())
  .exitOverride();
for (const command of [
  preprocessCommand,
  mergeCommand,
  pretrainCommand,
  finetuneCommand,
  evaluateCommand,
  reconstructCommand,
  reproduceCommand,
  convertCommand,
  inspectCommand,
  verifyCommand,
  exportCommand,
  importCommand,
  setupCommand,
  doctorCommand,
  demoCommand,
  evidenceCommand,
])
  program.addCommand(command);

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
