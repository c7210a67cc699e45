import type { SystemName } from '../../model/config.js';
import { modelConfig } from '../../model/model-config.js';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../cache/folder/atomic-file.js';
import type { CacheReader } from '../../cache/reader.js';

import { useBackend } from '../../engine/backend.js';
import { createReconstructor } from '../../stages/evaluate/reconstruct.js';
import { drawReconstructions, type Reconstruction } from '../../rendering/reconstruction-sheet.js';
import { lastCheckpoint } from '../../pipeline/training/run/checkpoint.js';
import { openTrainingData } from '../../pipeline/training/data/training-data.js';
import { readRun } from '../../pipeline/training/run/run-folder.js';
import { batchFor, drawSample } from '../../pipeline/training/data/training-batches.js';
import { PICTURE_EPOCH, spreadIndices } from '../../pipeline/reconstruct.js';
import type { ReproduceOptions } from './options.js';
import { comparable, type PlannedSubject, type Setting } from './plan.js';
import { CALLED } from './report/words.js';
import type { Figure } from './results.js';

/** Clips of a figure, and how its systems are called. */
const CLIPS = 4;
const TITLES: Readonly<Record<SystemName, string>> = {
  ...CALLED,
  av: 'with sound',
  v: 'picture only',
};

/** One film a system, of each of the clips, under the same masks. */
async function filmsBy(
  run: string,
  reader: CacheReader,
  indices: readonly number[],
  maskRatio: number,
) {
  const { model, statistics } = await readRun(run);
  const config = modelConfig.parse(model);
  const made = createReconstructor(config, (await lastCheckpoint(run)).tensors);
  const draw = { seed: 0, mask: 'epoch', maskRatio } as const;
  try {
    const clips = [];
    for (const index of indices) {
      const drawn = await drawSample(reader, index, PICTURE_EPOCH, draw);
      const batch = batchFor(reader, config, 0, [drawn], { crop: 'none', flip: 0 }, 'measure', { statistics }); // prettier-ignore
      clips.push({ original: batch.video, ...(await made.reconstruct(batch)) });
    }
    return { config, clips };
  } finally {
    made.dispose();
  }
}

/**
 * Fig. 2 of the paper: the same clips under the same masks, as each system makes them, from the first
 * seed. Systems that take single frames have no place in it.
 * @returns none where fewer than two systems are done
 */
export async function drawFigures(
  done: readonly PlannedSubject[],
  { testSplits }: ReproduceOptions,
  { caches, maskRatio }: Setting,
  out: string,
): Promise<Figure[]> {
  const shown = done.filter(
    ({ subject }) =>
      subject.seed === 0 &&
      subject.sound === 'own' &&
      subject.decoderDepth === undefined &&
      subject.maskRatio === maskRatio &&
      comparable(subject.variant),
  );
  if (shown.length < 2) return [];
  await useBackend('auto');
  await using data = await openTrainingData(caches[0], { splits: testSplits }, 'all');
  const [{ reader, indices = [] }] = data.sources;
  const chosen = spreadIndices(indices.length, CLIPS).map((at) => indices[at] ?? 0);
  // What picture alone makes comes first, what it is compared with after it.
  const order = shown.toSorted((a, b) => b.subject.variant.localeCompare(a.subject.variant));
  const made: ({ readonly name: string } & Awaited<ReturnType<typeof filmsBy>>)[] = [];
  for (const { subject, folder } of order) {
    const films = await filmsBy(join(out, folder, 'pretrain'), reader, chosen, maskRatio);
    made.push({ name: TITLES[subject.variant], ...films });
  }
  const [first] = made;
  if (first === undefined) return [];
  const clips = chosen.map((index, i): Reconstruction => {
    const { label, id } = reader.header(index);
    const errors = made.map(({ name, clips }) => `${name} ${(clips[i]?.mse[0] ?? NaN).toFixed(4)}`);
    return {
      title: `${label ?? 'no label'} · ${id} · errors: ${errors.join(', ')}`,
      films: [
        { name: 'original', pixels: first.clips[i]?.original ?? new Uint8Array() },
        { name: 'what is seen of it', pixels: first.clips[i]?.visible ?? new Uint8Array() },
        ...made.map(({ name, clips }) => ({
          name,
          pixels: clips[i]?.reconstruction ?? new Uint8Array(),
        })),
      ],
    };
  });
  const { imageSize: size, tubelet } = first.config;
  const heading = `${Math.round(100 * maskRatio)} % masked; clips that none has learned from`;
  const picture = await drawReconstructions(clips, { size, tubelet, heading });
  const file = 'figures/reconstructions.png';
  await mkdir(join(out, 'figures'), { recursive: true });
  await writeAtomically(join(out, file), picture);
  return [
    {
      file,
      caption: `${chosen.length} test clips under the same masks, ${Math.round(100 * maskRatio)} % of the positions: the original, what the models see, and what ${order.map(({ subject }) => TITLES[subject.variant]).join(', ')} make of it; seed 0.`,
    },
  ];
}
