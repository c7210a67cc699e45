import { createReconstructor } from '../../stages/index.js';
import { evaluatedClips } from './clips.js';
import { readWeightsOf } from './weights.js';
import { jsonLines, writeResults, type Evaluation, type Work } from './work.js';

/** How well a model reconstructs what it does not see. */
export interface ReconstructionResult extends Evaluation {
  readonly kind: 'reconstruction';
  /** The objective of the run. */
  readonly loss: number;
  /** Mean squared error of the masked pixels, in [0, 1]. */
  readonly mse: number;
}

/** Goes through the clips with a pre-trained model. */
export async function evaluateReconstruction({ request, config, clips, start }: Work): Promise<ReconstructionResult> {
  const { step, tensors } = await readWeightsOf(request.run, request.checkpoint, request.ema);
  const model = createReconstructor(config, tensors);
  const rows: { key: string; id: string; label: string | null; mse: number }[] = [];
  let loss = 0;
  const total = clips.source.indices?.length ?? clips.source.reader.size;
  try {
    for await (const { batch, indices } of evaluatedClips({ ...clips, purpose: 'measure' })) {
      request.signal?.throwIfAborted();
      const measured = await model.measure(batch);
      loss += measured.loss * indices.length;
      indices.forEach((index, i) => {
        const { key, id, label } = clips.source.reader.entry(index);
        rows.push({ key, id, label, mse: measured.mse[i] ?? NaN });
      });
      request.onEvent?.({ event: 'progress', done: rows.length, total });
    }
  } finally {
    model.dispose();
  }
  const mse = rows.reduce((sum, row) => sum + row.mse, 0) / rows.length;
  const result = { kind: 'reconstruction', step, clips: rows.length, seconds: (performance.now() - start) / 1000, loss: loss / rows.length, mse } as const; // prettier-ignore
  await writeResults(request.out, { 'clips.jsonl': jsonLines(rows), 'result.json': `${JSON.stringify(result, null, 2)}\n` }); // prettier-ignore
  return result;
} // prettier-ignore
