import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

/** What a TensorFlow showed of itself. */
const tensorflowCheck = z.object({
  /** Its own version, e.g. `2.21.0`. */
  version: z.string(),
  /** It computes on a GPU. */
  gpu: z.boolean(),
  /** Of a product of two matrices of 2048². */
  gflops: z.number(),
});
export type TensorflowCheck = z.infer<typeof tensorflowCheck>;

/**
 * Has a TensorFlow compute something whose result is known, in a process of its own: a library that
 * does not fit the machine may end it.
 * @param home the folder that it is in
 * @throws Error saying what happened
 */
export async function checkTensorflow(
  home: string,
  signal?: AbortSignal,
): Promise<TensorflowCheck> {
  const program = fileURLToPath(new URL('./check-process.js', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program], {
      env: { ...process.env, AVME_TENSORFLOW: home },
      timeout: 300_000,
      ...(signal === undefined ? {} : { signal }),
    });
    return tensorflowCheck.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const { stderr = '', message } = error as Error & { stderr?: string };
    const said = stderr.trim().split('\n').slice(-6).join('\n  ');
    throw new Error(`TensorFlow was built, but does not compute here:\n  ${said === '' ? message : said}`, { cause: error }); // prettier-ignore
  }
}
