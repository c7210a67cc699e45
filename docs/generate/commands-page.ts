import type { Argument, Option } from 'commander';
import { format, resolveConfig } from 'prettier';
import type { DefinedCommand } from '../../bin/cli/command.js';
import { COMMANDS } from '../../bin/command-list.js';

const INTRODUCTION = `# Commands

This page lists every command with its arguments, options and defaults. Use it to look up a flag.

\`npm run docs:commands\` writes it from the definitions behind \`avme COMMAND --help\`. Do not edit it
by hand. What \`--json\` prints and what the exit codes mean is in
[json-output.md](json-output.md). What every option may be in a file is in [configs.md](configs.md).
`;

/** Text as a cell of a Markdown table. */
const cell = (text: string) => text.replace(/[|<>*_]/g, '\\$&');

/** A text and the default at its end; \`false\` is what every switch is that nobody gave. */
function splitDefault(text: string): [text: string, standard: string] {
  const [, words = text, standard = ''] = /^(.*?) \(default: (.*)\)$/s.exec(text) ?? [];
  return [words, standard === 'false' ? '' : standard.replace(/^"(.*)"$/, '$1')];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const argumentRow = ({ description }: Argument, name: string) => [`\`${name}\``, cell(description)];

function optionRow({ flags, description }: Option): string[] {
  const [words, standard] = splitDefault(description);
  return [`\`${flags.replaceAll('|', '\\|')}\``, cell(words), cell(standard)];
}

function section(command: DefinedCommand, summary: string): string {
  const help = command.createHelp();
  const name = command.name();
  const args = command.registeredArguments.map((argument) =>
    argumentRow(argument, help.argumentTerm(argument)),
  );
  return [
    `## ${name}`,
    summary,
    ['```', `avme ${name} ${command.usage()}`, '', '# for example', command.spec.example, '```'].join('\n'),
    args.length === 0 ? '' : table(['argument', 'meaning'], args),
    table(['option', 'meaning', 'default'], command.options.map(optionRow)),
    `Output with \`--json\`: [${name}](json-output.md#${name}).`,
  ].join('\n\n'); // prettier-ignore
}

/** docs/reference/commands.md, from the definitions of the command line. */
export async function commandsPage(): Promise<string> {
  const sections: string[] = [];
  for (const { load, summary } of COMMANDS) sections.push(section(await load(), summary));
  const list = COMMANDS.map(({ name, summary }) => [`[\`${name}\`](#${name})`, summary]);
  const page = [INTRODUCTION, table(['command', 'what it does'], list), ...sections].join('\n\n');
  const style = await resolveConfig(import.meta.filename);
  return format(page, { ...style, parser: 'markdown', proseWrap: 'always' });
}
