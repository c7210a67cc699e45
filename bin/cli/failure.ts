import { CommanderError } from 'commander';
import type { z } from 'zod';
import { fileWords } from '../../cache/folder/file-words.js';
import { memoryWords } from '../../engine/memory-words.js';
import { withoutPasswords } from '../../pipeline/plan/queue/queue-address.js';
import { openFilesRemedy } from '../../cache/open-files.js';

/** Exit codes of every command; documented in docs/reference/json-output.md. */
export const EXIT = { done: 0, failed: 1, usage: 2, quarantined: 3, interrupted: 130 } as const;

/** A mistake in what the user typed: one sentence that says what to do; exits 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The flag of an option: `maskRatio` is `--mask-ratio`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function sentenceOf(
  issue: z.core.$ZodIssue,
  input: unknown,
  nameOf: (key: string) => string,
): string {
  if (issue.code === 'unrecognized_keys') return `unknown option ${issue.keys.join(', ')}`;
  const received = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
  return `${nameOf(issue.path.map(String).join('.'))}: got ${received === undefined ? 'nothing' : withoutPasswords(JSON.stringify(received))}; ${issue.message}`;
}

/**
 * Validates options once, at the edge.
 * @param nameOf what the user calls an option; default its flag
 * @throws UsageError naming every field, what it got and what would be right
 */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  nameOf = flagOf,
): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new UsageError(
    result.error.issues.map((issue) => sentenceOf(issue, input, nameOf)).join('\n'),
  );
}

/** The part of a command's options that a schema knows. */
export function pick(options: object, schema: z.ZodObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => key in schema.shape));
}

/** A disk that is full may show where no system call is named. */
const FULL = /^(?:ENOSPC|EDQUOT)$/;

/** What is said of an error: its own words; and of one that a system call ends with, what it means. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = '', message, syscall, path } = error as NodeJS.ErrnoException;
  const words = syscall !== undefined || FULL.test(code) ? fileWords(error) : undefined;
  if (words !== undefined)
    return path === undefined ? `${words} (${message})` : `${path}: ${words}`;
  // An error with a cause has words of ours already.
  const memory = error.cause === undefined ? memoryWords(error) : undefined;
  if (memory !== undefined)
    return `${memory} (${message}); ask for less at once, e.g. with a smaller --batch, or choose another --backend: avme doctor lists them`;
  // A message of ours may say it already, or say what else it kept from being done.
  const remedy = openFilesRemedy(error) ?? openFilesRemedy(error.cause);
  return remedy === undefined || message.includes(remedy) ? message : `${message}; ${remedy}`;
}

/** Which exit code an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof Error && error.name === 'AbortError') return EXIT.interrupted;
  return EXIT.failed;
}
