import { modelConfig } from '../../model/model-config.js';

import { useBackend } from '../../engine/backend.js';
import { checkFit } from '../training/model-choice.js';
import { readRun } from '../training/run/run-folder.js';
import { notesOn } from '../training/run/run-statistics.js';
import { maskRatioOf } from '../training/data/training-batches.js';
import { openTrainingData } from '../training/data/training-data.js';
import { evaluateClassifier, type ClassifierResult } from './classification.js';
import type { SkippedClip } from './clips.js';
import { evaluateReconstruction, type ReconstructionResult } from './reconstruction.js';
import { evaluateOptions, type EvaluateRequest } from './work.js';

export type EvaluateResult = ClassifierResult | ReconstructionResult;

/**
 * Measures a run on samples of a cache: a classifier by how many videos it tells right, the scores of a
 * video's clips being averaged; a pre-trained model by what it makes of what it does not see, with masks
 * that no training draws. Each clip is shown once, always in the same way.
 * @throws Error when run, checkpoint and cache do not fit each other, or nothing is chosen
 */
export async function evaluate(request: EvaluateRequest): Promise<EvaluateResult> {
  const start = performance.now();
  const { sound, blur, lowRes, maskRatio, seed, batch, views, badRecords } = evaluateOptions.parse(
    Object.fromEntries(Object.entries(request).filter(([name]) => name in evaluateOptions.shape)),
  );
  const run = await readRun(request.run);
  const config = modelConfig.parse(run.model);
  const { classifier } = run;
  const kind = classifier === undefined ? 'all' : 'labelled';
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
  return classifier === undefined
    ? await evaluateReconstruction(work)
    : await evaluateClassifier(work, classifier);
}
