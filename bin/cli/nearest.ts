import { Command, CommanderError } from 'commander';

/**
 * What a misspelled word was probably meant to be, by commander's own judgement, which it makes of
 * unknown commands only.
 * @returns "did you mean frames?", or nothing where no name is near
 */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const guesser = new Command()
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const name of names) guesser.command(name);
  try {
    guesser.parse([word], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const found = /\(Did (you mean .+\?)\)/.exec(error.message)?.[1];
    return found === undefined ? undefined : `did ${found}`;
  }
  return undefined;
}
