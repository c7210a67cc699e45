import { Command } from 'commander';
import type { z } from 'zod';
import { optionsOf, readConfig, type Config, type SectionSpec } from './config.js';
import { EXIT, flagOf, parseOptions } from './failure.js';
import { createReport, type Report } from './terminal.js';

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

/** A command, with what the sections of config files are checked against. */
export type DefinedCommand = Command & {
  readonly spec: SectionSpec & { readonly example: string };
};

/** Turns a spec into a command: flags from the schema, options from line and config file, validated once. */
export function defineCommand<Schema extends Shape>(spec: CommandSpec<Schema>): DefinedCommand {
  const command = new Command(spec.name)
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
    // A text that states its own default says more, e.g. that it depends on the machine.
    const standard = flag.text.includes('(default:') ? '' : defaultText(spec.schema, key);
    const [name, text] = [`${flagOf(key)}${value}`, flag.text + standard];
    if (flag.many === true)
      command.option(name, text, (item: string, all: string[] | undefined) => [
        ...(all ?? []),
        item,
      ]);
    else command.option(name, text);
  }
  command
    .option('--json', 'print one JSON object a line on stdout instead of text')
    .option(
      '--config <file>',
      `read options from a JSON file, section "${spec.name}", or from a preset: avme configs`,
    )
    .action(async () => {
      const { json = false, config: path, ...given } = command.opts<Record<string, unknown>>();
      const commands = command.parent?.commands.map((one) => one.name()) ?? [spec.name];
      const config = typeof path === 'string' ? await readConfig(path, commands) : undefined;
      const fromFile = config === undefined ? {} : optionsOf(config, spec);
      const positional = Object.fromEntries(
        (spec.args ?? []).map((arg, i) => [arg.key, command.processedArgs[i] as unknown] as const),
      );
      // What commander fills in for a switch that was not turned off must not hide the file's.
      const fromLine = Object.fromEntries(
        Object.entries({ ...positional, ...given }).filter(
          ([key, value]) => value !== undefined && command.getOptionValueSource(key) !== 'default',
        ),
      );
      const nameOf = (key: string) =>
        key in fromFile && !(key in fromLine)
          ? `--config: ${String(path)}: section "${spec.name}": "${key}"`
          : flagOf(key);
      const options = parseOptions(spec.schema, { ...fromFile, ...fromLine }, nameOf);
      const { signal, dispose } = interruptSignal();
      try {
        const report = createReport(json === true);
        const context = { report, signal, json: json === true, config };
        process.exitCode = await spec.run(options, context);
      } finally {
        dispose();
      }
    });
  return Object.assign(command, { spec });
}
