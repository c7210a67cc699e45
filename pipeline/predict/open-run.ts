import type { ModelConfig } from '../../model/config.js';
import { modelConfig } from '../../model/model-config.js';
import { useBackend, type BackendName } from '../../engine/backend.js';
import type { AudioChoice } from '../../stages/batch/clip-parts.js';
import type { ClipFormat } from '../training/data/training-batches.js';
import { readRun } from '../training/run/run-folder.js';
import type { RunDescription } from '../training/run/run-description.js';
import { notesOn, type NoteEvent } from '../training/run/run-statistics.js';
import { readWeightsOf, type CheckpointChoice } from '../evaluate/weights.js';
import { clipsOfRun, shapeOf, type ClipOptions } from './clip-options.js';

/** Which model is used, and on what. */
export interface RunChoice {
  /** Folder of a run of `pretrain` or `finetune`. */
  readonly run: string;
  /** Default `best` where there is one, else `last`. */
  readonly checkpoint?: CheckpointChoice | undefined;
  /** Averaged weights, where the run kept them; default true. */
  readonly ema?: boolean | undefined;
  readonly backend?: BackendName | 'auto' | undefined;
}

/** A run that is going to be used on clips that it has not seen. */
export interface OpenedRun {
  readonly run: RunDescription;
  readonly config: ModelConfig;
  /** How clips are made for it. */
  readonly options: ClipOptions;
  readonly format: ClipFormat;
  readonly weights: Awaited<ReturnType<typeof readWeightsOf>>;
  readonly notes: readonly NoteEvent[];
}

/** @throws Error when it is no run, has no checkpoint, or lacks what clips are made by */
export async function openRunFor(
  { run: folder, checkpoint, ema, backend }: RunChoice,
  asked: { readonly fit?: ClipOptions['fit'] | undefined; readonly sound: AudioChoice },
): Promise<OpenedRun> {
  const run = await readRun(folder);
  const config = modelConfig.parse(run.model);
  const { options, statistics, note } = await clipsOfRun(run, config, asked);
  const weights = await readWeightsOf(folder, checkpoint, ema);
  await useBackend(backend ?? 'auto');
  const notes = [
    ...(note === undefined ? [] : [{ event: 'note', text: note } as const]),
    ...notesOn({ ...run, statistics }, config, asked.sound),
  ];
  const format = { manifest: { shape: shapeOf(options, config), statistics } };
  return { run, config, options, format, weights, notes };
}
