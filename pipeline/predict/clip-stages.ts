import type { Readable } from 'node:stream';
import type { DecodedRecord, MaskedClip, SampledClip, VideoRecord } from '../../stages/clip.js';
import { decode } from '../../stages/decode.js';
import { index } from '../../stages/index-videos.js';
import { logMel } from '../../stages/log-mel.js';
import { mfcc } from '../../stages/mfcc.js';
import { sample } from '../../stages/sample.js';
import { sampleClips } from '../../stages/sample/sample-clips.js';
import { slidingWindows } from '../../stages/sample/sliding-windows.js';
import { stage, type StageStream } from '../../stages/stream.js';
import type { ClipChoice, ClipSetup } from './messages.js';

/** Nothing is hidden from a model that is asked. */
const unmasked = (positions: number) =>
  stage('mask', (record: DecodedRecord): MaskedClip[] => [
    { ...record, mask: new Uint8Array(positions) },
  ]);

function coreOf(choice: ClipChoice): typeof sampleClips {
  if (choice.kind === 'sliding') return (line, plan) => slidingWindows(line, plan, choice.every);
  return (line, plan) => {
    const all = sampleClips(line, plan);
    return choice.chosen.flatMap((i) => all[i] ?? []);
  };
}

/**
 * The stages from the list of videos to described clips, as in preprocessing: what they make is the
 * same to the bit.
 * @param source yields {@link VideoRecord}s
 */
export function clipStages(
  source: Readable,
  { options, choice, jobs, timeout, memory }: ClipSetup,
  onFailure: (error: unknown, record: VideoRecord | SampledClip) => void,
): [Readable, ...StageStream[]] {
  const { frames, stride, size, storeSize, fit, positions, mfcc: kind, mel } = options;
  const failing = { onFailure };
  const ahead = { onFailure, concurrency: jobs, window: 2 * jobs };
  const limits = { ...(timeout !== undefined && { timeout }), ...(memory !== undefined && { memory }) }; // prettier-ignore
  const clips = choice.kind === 'spread' ? choice.clips : 1;
  return [
    source,
    index({ ...limits, ...ahead }),
    sample({ frames, stride, clips, core: coreOf(choice), ...failing }),
    decode({ size, storeSize, fit, ...limits, ...ahead }),
    unmasked(positions),
    mfcc({ kind, ...failing }),
    ...(mel > 0 ? [logMel({ bands: mel, ...failing })] : []),
  ] as [Readable, ...StageStream[]];
}
