import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import type { z } from 'zod';
import { EXIT, flagOf, parseOptions, UsageError } from './failure.js';
import { createReport, type Report } from './terminal.js';

/** Options of commands from a file: `{ "preprocess": { "size": 112 }, "pretrain": { … } }`. */
export interface Config {
  readonly given: string;
  /** By the name of the command. */
  readonly sections: Readonly<Record<string, unknown>>;
}

/** What a command works with besides its options. */
export interface Context {
  readonly report: Report;
  /** Aborted by the first Ctrl-C; a second one ends the process at once. */
  readonly signal: AbortSignal;
  readonly json: boolean;
  /** What was given as --config, whole. */
  readonly config: Config | undefined;
}

type Shape = z.ZodObject;

export interface FlagText {
  /** How the value is called in the help, e.g. "n"; none for a switch. */
  readonly value?: string;
  /** A switch that is on and can be turned off: `open` becomes `--no-open`. */
  readonly negated?: boolean;
  /** May be given several times: the option is a list. */
  readonly many?: boolean;
  readonly text: string;
}

export interface CommandSpec<Schema extends Shape> {
  readonly name: string;
  readonly summary: string;
  readonly example: string;
  /** Positional arguments, in commander's notation, each with the option that it fills. */
  readonly args?: readonly { readonly name: string; readonly key: string; readonly text: string }[];
  readonly schema: Schema;
  readonly flags: Partial<Record<keyof z.output<Schema> & string, FlagText>>;
  /** @returns the exit code */
  run(options: z.output<Schema>, context: Context): Promise<number>;
}

function defaultText(schema: Shape, key: string): string {
  const field = schema.shape[key] as z.ZodType | undefined;
  const standard = field?.safeParse(undefined);
  if (standard?.success !== true || standard.data === undefined || standard.data === null)
    return '';
  return ` (default: ${JSON.stringify(standard.data)})`;
}

async function readConfig(path: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`--config: cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    const parsed = JSON.parse(text) as Record<string, unknown> | null;
    return { given: path, sections: parsed ?? {} };
  } catch (cause) {
    throw new UsageError(`--config: ${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** What a file says of one command. */
function sectionOf({ given, sections }: Config, command: string): Record<string, unknown> {
  const section = sections[command] ?? {};
  if (typeof section !== 'object' || Array.isArray(section))
    throw new UsageError(`--config: "${command}" in ${given} must be an object of options`);
  return section as Record<string, unknown>;
}

/** npm passes on the Ctrl-C that the terminal has sent to us already: so soon it is the same one. */
const SAME_PRESS_MS = 500;

/** Ctrl-C asks the work to stop in order; a second one does not ask. */
function interruptSignal(): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  let first = Infinity;
  const onSignal = () => {
    if (performance.now() - first > SAME_PRESS_MS) process.exit(EXIT.interrupted);
    first = Math.min(first, performance.now());
    controller.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    dispose: () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}

/** Turns a spec into a command: flags from the schema, options from line and config file, validated once. */
export function defineCommand<Schema extends Shape>(spec: CommandSpec<Schema>): Command {
  const command = new Command(spec.name)
    .description(spec.summary)
    .addHelpText('after', `\nExample:\n  ${spec.example}`)
    .exitOverride();
  for (const arg of spec.args ?? []) command.argument(arg.name, arg.text);
  for (const [key, flag] of Object.entries<FlagText | undefined>(spec.flags)) {
    if (flag === undefined) continue;
    if (flag.negated === true) {
      command.option(`--no-${flagOf(key).slice(2)}`, flag.text);
      continue;
    }
    const value = flag.value === undefined ? '' : ` <${flag.value}>`;
    const [name, text] = [`${flagOf(key)}${value}`, flag.text + defaultText(spec.schema, key)];
    if (flag.many === true)
      command.option(name, text, (item: string, all: string[] | undefined) => [
        ...(all ?? []),
        item,
      ]);
    else command.option(name, text);
  }
  command
    .option('--json', 'print one JSON object a line on stdout instead of text')
    .option('--config <file>', `read options from a JSON file, section "${spec.name}"`)
    .action(async () => {
      const { json = false, config: path, ...given } = command.opts<Record<string, unknown>>();
      const config = typeof path === 'string' ? await readConfig(path) : undefined;
      const fromFile = config === undefined ? {} : sectionOf(config, spec.name);
      const positional = Object.fromEntries(
        (spec.args ?? []).map((arg, i) => [arg.key, command.processedArgs[i] as unknown] as const),
      );
      const merged: Record<string, unknown> = { ...fromFile };
      for (const [key, value] of Object.entries({ ...positional, ...given }))
        // What commander fills in for a switch that was not turned off must not hide the file's.
        if (value !== undefined && command.getOptionValueSource(key) !== 'default')
          merged[key] = value;
      const options = parseOptions(spec.schema, merged);
      const { signal, dispose } = interruptSignal();
      try {
        const context = {
          report: createReport(json === true),
          signal,
          json: json === true,
          config,
        };
        process.exitCode = await spec.run(options, context);
      } finally {
        dispose();
      }
    });
  return command;
}
