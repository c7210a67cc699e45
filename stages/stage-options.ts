import type { z } from 'zod';
import type { StageOptions } from './stream.js';

/** What every stage takes besides its own options: concurrency, window, and what a failure does. */
export type WithStage<Options, In> = Options & StageOptions<In>;

/**
 * Validates the options of a stage, once, where the stage is made.
 * @throws RangeError naming the stage, the option, what it must be, and what it is
 */
export function parseOptions<Schema extends z.ZodType>(
  stage: string,
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => {
    const value: unknown = path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      input,
    );
    const at = path.length === 0 ? '' : ` ${path.join('.')} (${JSON.stringify(value)})`;
    return `${at} ${message}`;
  });
  throw new RangeError(`${stage}:${problems.join(';')}`);
}
