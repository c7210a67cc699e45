import { memoryWords } from '../../engine/memory-words.js';

/** What a step was. */
export interface StepSize {
  readonly batch: number;
  readonly accumulate: number;
  readonly backend: string;
}

/** The next number of parts that a batch can be learnt in; undefined where each clip is one already. */
function moreParts(batch: number, accumulate: number): number | undefined {
  for (let parts = 2 * accumulate; parts <= batch; parts++) if (batch % parts === 0) return parts;
  return accumulate < batch ? batch : undefined;
}

/** An error of a step in words that help, where it comes from want of memory; else the error itself. */
export function memoryFailure(error: unknown, { batch, accumulate, backend }: StepSize): unknown {
  const words = memoryWords(error);
  if (words === undefined) return error;
  const parts = moreParts(batch, accumulate);
  const at = batch / accumulate;
  const less =
    parts === undefined
      ? 'take a smaller model (--preset) or smaller frames (--image-size)'
      : `--batch ${batch} --accumulate ${parts}, as another --run, takes ${Math.ceil(batch / parts)} at a time and learns from as many a step`;
  const other = backend === 'wasm' ? '; native TensorFlow may use all of the machine\'s: avme setup' : ''; // prettier-ignore
  return new Error(
    `${at} ${at === 1 ? 'clip' : 'clips'} at a time do not fit: ${words} (${(error as Error).message}); ${less}${other}`,
    { cause: error },
  );
}
