import { systemOf } from '../../model/systems.js';
import { createReconstructor } from '../../stages/evaluate/reconstruct.js';
import { evaluatedClips } from './clips.js';
import { CONTRAST_CLIPS, lossOf, PartsMean, type LossParts } from './contrast.js';
import { readWeightsOf } from './weights.js';
import { checkRead, jsonLines, secondsSince, writeResults, type Evaluation, type Work } from './work.js'; // prettier-ignore

/** How well a model reconstructs what it does not see. */
export interface ReconstructionResult extends Evaluation, Partial<LossParts> {
  readonly kind: 'reconstruction';
  /** The objective of the run; of CAV-MAE the sum of its parts, as far as they could be measured. */
  readonly loss: number;
  /** Mean squared error of the masked pixels, in [0, 1]. */
  readonly mse: number;
}

const NO_VIEWS = '--views are averaged where videos are classified; this run reconstructs, and each clip is shown once'; // prettier-ignore

/** Goes through the clips with a pre-trained model. */
export async function evaluateReconstruction({
  request,
  config,
  clips,
  start,
  views,
  skipped,
}: Work): Promise<ReconstructionResult> {
  // The system that hears by spectra is the one that learns by contrast.
  const contrasts = systemOf(config).input.mel;
  // One file of options may be for runs of both kinds.
  if (views !== undefined) request.onEvent?.({ event: 'note', text: NO_VIEWS });
  const batch = contrasts ? CONTRAST_CLIPS : clips.batch;
  const { step, tensors } = await readWeightsOf(request.run, request.checkpoint, request.ema);
  const model = createReconstructor(config, tensors);
  const rows = new Map<number, { key: string; id: string; label: string | null; mse: number }>();
  const means = new PartsMean();
  let sum = 0;
  const total = clips.source.indices?.length ?? clips.source.reader.size;
  try {
    const shown = evaluatedClips({ ...clips, batch, purpose: 'measure', soundApart: contrasts });
    for await (const { batch: shownClips, indices, heard } of shown) {
      request.signal?.throwIfAborted();
      const { loss, mse, parts } = await model.measure(shownClips);
      sum += loss * indices.length;
      if (contrasts) means.add({ clips: indices.length, heard, parts });
      indices.forEach((index, i) => {
        const { key, id, label } = clips.source.reader.entry(index);
        rows.set(index, { key, id, label, mse: mse[i] ?? NaN });
      });
      request.onEvent?.({ event: 'progress', done: rows.size, total });
    }
  } finally {
    model.dispose();
  }
  checkRead(rows.size, total);
  // In the cache's order, however they came in batches.
  const measured = [...rows].sort(([a], [b]) => a - b).map(([, row]) => row);
  const parts = contrasts ? means.result() : undefined;
  const result: ReconstructionResult = {
    ...{ kind: 'reconstruction', step, clips: rows.size, seconds: secondsSince(start) },
    loss: parts === undefined ? sum / rows.size : lossOf(parts),
    mse: measured.reduce((all, row) => all + row.mse, 0) / rows.size,
    ...parts,
    ...{ badRecords: skipped.length, skipped },
  };
  await writeResults(request.out, { 'clips.jsonl': jsonLines(measured), 'result.json': `${JSON.stringify(result, null, 2)}\n` }); // prettier-ignore
  return result;
}
