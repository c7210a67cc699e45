import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { UsageError } from './failure.js';
import { nearest } from './nearest.js';
import { presetFile, presetNames } from './presets.js';

/** Options of commands from a file: `{ "preprocess": { "size": 112 }, "pretrain": { … } }`. */
export interface Config {
  /** As it was given: a file, or the name of a preset. */
  readonly given: string;
  /** By the name of the command. */
  readonly sections: Readonly<Record<string, unknown>>;
}

/** What a section is checked against: the options of its command. */
export interface SectionSpec {
  readonly name: string;
  readonly schema: z.ZodObject;
  readonly flags: Readonly<
    Record<string, { readonly value?: string; readonly negated?: boolean } | undefined>
  >;
}

/** What may stand beside the sections: words about the file, and an editor's pointer to a schema. */
const REMARKS = ['description', '$schema'];

/** A bare word is a preset; what has a folder or `.json` in it is a file. */
const isFile = (given: string) => /[/\\]|\.json$/i.test(given);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function readText(given: string): Promise<string> {
  try {
    return await readFile(isFile(given) ? given : presetFile(given), 'utf8');
  } catch (cause) {
    throw new UsageError(
      isFile(given)
        ? `--config: cannot read ${given}: ${(cause as Error).message}`
        : `--config: there is no preset ${given}; there are ${(await presetNames()).join(', ')} (avme configs says what for). A file is given with its folder or ending: ./${given}, ${given}.json`,
      { cause },
    );
  }
}

function readJson(given: string, text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`--config: ${given} is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (isObject(parsed)) return parsed;
  throw new UsageError(
    `--config: ${given} must be an object with a section a command, e.g. {"pretrain": {"batch": 8}}`,
  );
}

/**
 * Reads a file of options, or a preset.
 * @param commands names of all commands: the sections that there can be
 * @throws UsageError when it cannot be read, is not JSON, or has a section that is no command's
 */
export async function readConfig(given: string, commands: readonly string[]): Promise<Config> {
  const all = Object.entries(readJson(given, await readText(given)));
  const sections = all.filter(([name]) => !REMARKS.includes(name));
  const problems = sections.flatMap(([name, section]) => {
    if (!commands.includes(name))
      return `unknown section "${name}"; ${nearest(name, commands) ?? `a section has the name of a command: ${commands.join(', ')}`}`;
    return isObject(section)
      ? []
      : `section "${name}" is ${JSON.stringify(section)}; it must be an object of options, e.g. {"seed": 1}`;
  });
  if (problems.length === 0) return { given, sections: Object.fromEntries(sections) };
  throw new UsageError(problems.map((problem) => `--config: ${given}: ${problem}`).join('\n'));
}

const camel = (name: string) => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()); // prettier-ignore

/** Which option a name stands for: `maskRatio`, `mask-ratio`; `no-open` is `open`, turned about. */
function optionOf(name: string, { schema, flags }: SectionSpec) {
  const key = camel(name);
  // Own names alone: JSON may have a "constructor".
  if (Object.hasOwn(schema.shape, key)) return { key, turned: false };
  const positive = /^no-(.+)$/.exec(name)?.[1];
  const bare = positive === undefined ? '' : camel(positive);
  return Object.hasOwn(flags, bare) && flags[bare]?.negated === true
    ? { key: bare, turned: true }
    : undefined;
}

/** What is wrong with the value of an option, by itself. */
function problemOf(
  key: string,
  value: unknown,
  { schema, flags }: SectionSpec,
): string | undefined {
  const text = flags[key]?.value;
  // zod would take `true` and "" for numbers.
  if (text !== undefined && (typeof value === 'boolean' || value === ''))
    return `give a value: ${text}`;
  const { error } = (schema.shape[key] as z.ZodType).safeParse(value);
  return error?.issues.map(({ message }) => message).join('; ');
}

/**
 * The options that a file has for one command, names in camel case. `null` stands for the default.
 * @throws UsageError naming file, section, option, what it is, and what would be right
 */
export function optionsOf(config: Config, spec: SectionSpec): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(config.sections[spec.name] ?? {})) {
    const found = optionOf(name, spec);
    if (found === undefined) {
      const guess = nearest(camel(name), Object.keys(spec.schema.shape));
      problems.push(
        `unknown option "${name}"; ${guess ?? `avme ${spec.name} --help has them all`}`,
      );
      continue;
    }
    const { key, turned } = found;
    const meant: unknown = turned && typeof value === 'boolean' ? !value : value;
    if (meant === null) continue;
    const problem = problemOf(key, meant, spec);
    if (Object.hasOwn(options, key))
      problems.push(`"${name}" is there twice, under another spelling`);
    else if (problem !== undefined)
      problems.push(`"${name}" is ${JSON.stringify(value)}; ${problem}`);
    options[key] = meant;
  }
  if (problems.length === 0) return options;
  const place = `--config: ${config.given}: section "${spec.name}"`;
  throw new UsageError(problems.map((problem) => `${place}: ${problem}`).join('\n'));
}
