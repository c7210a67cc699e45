import { Command, CommanderError } from 'commander';
import { avmeVersion } from '../../pipeline/version.js';
import { COMMANDS } from '../command-list.js';
import { exitCodeOf, wordsOf } from './failure.js';
import { visible } from './terminal.js';

/**
 * Runs one command line, one at a time in a process.
 * @param args what follows `avme`
 * @param complain is given what is to be said on stderr: of a failure, its sentences
 * @returns the exit code; it never throws
 */
export async function run(
  args: readonly string[],
  complain: (text: string) => void,
): Promise<number> {
  const program = new Command('avme')
    .description('Teaches machines to understand video from picture and sound.')
    .version(await avmeVersion())
    .exitOverride()
    .configureOutput({ writeErr: complain });
  // The command's own name, or the one that is asked about: `avme help pretrain`. The others are only listed.
  const words = args.filter((word) => !word.startsWith('-'));
  const meant = words[0] === 'help' ? words[1] : words[0];
  for (const { name, summary, load } of COMMANDS) {
    const command = name === meant ? await load() : new Command(name);
    program.addCommand(command.description(summary).configureOutput({ writeErr: complain }));
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has printed its own errors already.
    if (!(error instanceof CommanderError)) {
      const lines = wordsOf(error).split('\n');
      complain(`avme: ${lines.map(visible).join('\n')}\n`);
    }
    if (process.env['AVME_DEBUG'] !== undefined && error instanceof Error)
      complain(`${error.stack ?? ''}\n`);
    return exitCodeOf(error);
  }
}
