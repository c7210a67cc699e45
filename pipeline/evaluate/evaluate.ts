import { modelConfig } from '../../model/model-config.js';

import { useBackend } from '../../engine/backend.js';
import { checkFit } from '../training/model-choice.js';
import { readRun } from '../training/run/run-folder.js';
import { notesOn } from '../training/run/run-statistics.js';
import { maskRatioOf } from '../training/data/training-batches.js';
import { openTrainingData } from '../training/data/training-data.js';
import { evaluateClassifier, type ClassifierResult } from './classification.js';
import type { SkippedClip } from './clips.js';
import { evaluateNeighbours, type KnnResult } from './knn.js';
import { evaluateReconstruction, type ReconstructionResult } from './reconstruction.js';
import { evaluateOptions, knnOptions, type EvaluateRequest } from './work.js';

export type EvaluateResult = ClassifierResult | KnnResult | ReconstructionResult;

/** @throws Error naming options that only the probe has */
function checkProbe(request: EvaluateRequest): void {
  const given = Object.keys(knnOptions.shape).filter((name) => request[name as keyof typeof knnOptions.shape] !== undefined); // prettier-ignore
  if (request.probe === undefined && given.length > 0)
    throw new Error(
      `${given.join(', ')}: for the kNN probe only; add --probe knn, or leave it out`,
    );
}

/**
 * Measures a run on samples of a cache: a classifier by how many videos it tells right, the scores of a
 * video's clips being averaged; a pre-trained model by what it makes of what it does not see, with masks
 * that no training draws; and either, with `probe: 'knn'`, by the nearest clips of a bank. Each clip is
 * shown once, always in the same way.
 * @throws Error when run, checkpoint and cache do not fit each other, or nothing is chosen
 */
export async function evaluate(request: EvaluateRequest): Promise<EvaluateResult> {
  const start = performance.now();
  const { sound, blur, lowRes, maskRatio, seed, batch, views, badRecords } = evaluateOptions.parse(
    Object.fromEntries(Object.entries(request).filter(([name]) => name in evaluateOptions.shape)),
  );
  checkProbe(request);
  const run = await readRun(request.run);
  const config = modelConfig.parse(run.model);
  const { classifier } = run;
  const kind = classifier === undefined && request.probe === undefined ? 'all' : 'labelled';
  await using data = await openTrainingData(request.cache, request.data ?? {}, kind);
  const [source] = data.sources;
  checkFit(config, source.reader.manifest.shape);
  await useBackend(request.backend ?? 'auto');
  const ratio = maskRatio ?? maskRatioOf(run, source.reader);
  const { statistics } = run;
  for (const note of notesOn(run, config, sound)) request.onEvent?.(note);
  const skipped: SkippedClip[] = [];
  const onSkip = badRecords === 'stop' ? undefined : (clip: SkippedClip) => skipped.push(clip);
  const clips = { source, config, batch, seed, maskRatio: ratio, sound, statistics, worse: { blur, lowRes }, onSkip }; // prettier-ignore
  const work = { request, config, clips, start, views, skipped, unlabelled: data.unlabelled };
  if (request.probe === 'knn') return await evaluateNeighbours(work, run);
  return classifier === undefined
    ? await evaluateReconstruction(work)
    : await evaluateClassifier(work, classifier);
}
