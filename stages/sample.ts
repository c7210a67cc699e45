import { z } from 'zod';
import { sampleKey } from '../cache/sample-key.js';
import { outsideVideo } from './causes.js';
import { assertHas, configured, type IndexedVideo, type SampledClip } from './clip.js';
import { clipChance } from './sample/clip-chance.js';
import { sampleClips, sampleOptions, segmentOf } from './sample/sample-clips.js';
import { StageError } from './stage-error.js';
import { parseOptions, type WithStage } from './stage-options.js';
import { stage, type StageStream } from './stream.js';

const ownOptions = z.strictObject({
  ...sampleOptions.shape,
  /** Of clips that are drawn at random; a whole number. */
  seed: z.int().min(0).default(0),
});

export interface SampleStageOptions extends Partial<z.input<typeof ownOptions>> {
  /** Replaces the way frames are chosen. */
  readonly core?: typeof sampleClips | undefined;
}

/**
 * Chooses the frames of each clip by presentation time (paper, §III-A: 16 frames, stride 4).
 *
 * Options: `frames` (even; default 16), `stride` (frame steps from one to the next; default 4),
 * `clips` (a video; default 1), `sampling` (`even` or `random`; default `even`), `seed` (of random
 * clips; default 0), and those of every stage.
 * @returns a Duplex from {@link IndexedVideo} to {@link SampledClip}, one for each clip of the video
 * @throws RangeError for an option that is wrong. A segment outside its video is a StageError.
 */
export function sample(
  options: WithStage<SampleStageOptions, IndexedVideo> = {},
): StageStream<IndexedVideo, SampledClip> {
  const { concurrency, window, onFailure, core = sampleClips, ...own } = options;
  const { seed, ...plan } = parseOptions('sample', ownOptions, own);
  // Clips that are spread evenly are the same whatever the seed.
  const decisive = { ...plan, ...(plan.sampling === 'random' && { seed }) };
  return stage(
    'sample',
    (record: IndexedVideo): SampledClip[] => {
      assertHas(record, 'sample', 'index', 'index()');
      const { entry, index, contentHash } = record;
      const line = segmentOf(index, entry.start, entry.end);
      if (line === null)
        throw new StageError('sample', outsideVideo(entry, index.times[0] ?? 0, index.end));
      const chance = clipChance({ ...plan, seed }, contentHash, entry);
      const samplings = core(line, plan, chance);
      const configuration = configured(record, 'sample', decisive);
      const { start, end } = entry;
      // Without a cache that names it, a clip is named by what it is cut from alone.
      const all = samplings.map((_, clip) => ({
        index: clip,
        key: sampleKey('', { contentHash, start, end, clip }),
      }));
      return (record.wanted ?? all).flatMap((clip) => {
        const sampling = samplings[clip.index];
        return sampling === undefined ? [] : [{ ...record, configuration, clip, sampling }];
      });
    },
    { concurrency, window, onFailure },
  );
}
