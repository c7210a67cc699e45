import type { FrameSize } from '../cache/index.js';
import { CAUSES, tooLong } from './causes.js';
import { decodeFrames, surveyFrames, type DecodedFrames, type Survey } from './decode-picture.js';
import { decodeSound } from './decode-sound.js';
import { StageError } from './failure.js';
import { explainComplaints } from './ffmpeg-log.js';
import type { FrameForm } from './picture-filter.js';
import { framesOnDisplay, type Sampling } from './sample.js';
import type { RunContext, VideoIndex } from './video-index.js';

/** A clip's picture and sound. */
export interface DecodedClip extends FrameSize {
  /** uint8 `[frames, height, width, 3]`, RGB. */
  readonly frames: Uint8Array;
  /** Presentation times of what `frames` holds, `[frames]`, seconds. */
  readonly times: readonly number[];
  /** How many frames stand in for one that could not be decoded. */
  readonly substituted: number;
  /** float32 mono at 16 kHz over the clip's span; null where there is none or it is silent. */
  readonly sound: Float32Array | null;
  /** The decoder's complaints, at most 8. */
  readonly warnings: readonly string[];
}

/** Longer spans are no clip: frames minutes apart, whose sound would fill the memory. */
const MAX_SPAN = 600;
const MAX_WARNINGS = 8;

const distinct = (times: readonly number[]) => [...new Set(times)].sort((a, b) => a - b);

function nearest(times: readonly number[], wanted: number): number {
  return times.reduce(
    (best, time, i) =>
      Math.abs(time - wanted) < Math.abs((times[best] ?? Infinity) - wanted) ? i : best,
    0,
  );
}

/**
 * What the decoder really makes of the stretch that the clip lies in, entered ever further in front:
 * at the keyframe, one keyframe earlier, at the beginning of the file.
 */
async function surveyClip(
  index: VideoIndex,
  { times, span }: Sampling,
  context: RunContext,
): Promise<Survey & { early: number }> {
  const [from = 0] = times;
  const to = Math.max(span[1], times.at(-1) ?? 0) + index.interval;
  const complaints = new Set<string>();
  for (const early of [0, 1, Infinity]) {
    const survey = await surveyFrames(index, from, to, context, early);
    survey.complaints.forEach((words) => complaints.add(words));
    if (survey.times.some((time) => time <= from + index.tick / 2) || early === Infinity)
      return { times: survey.times, complaints: [...complaints], early };
  }
  throw new Error('unreachable: the last survey always returns');
}

interface Picture {
  readonly decoded: DecodedFrames;
  /** What to show at each of the clip's frames, `[frames]`, seconds. */
  readonly wanted: readonly number[];
  readonly complaints: readonly string[];
}

/**
 * The index promises frames; a damaged file does not keep it, and some codecs have packets that
 * are never shown. Then the frames that do come out are counted as the video's, and chosen from again.
 */
async function decodePicture(
  index: VideoIndex,
  sampling: Sampling,
  form: FrameForm,
  context: RunContext,
): Promise<Picture> {
  const chosen = distinct(sampling.times);
  const decoded = await decodeFrames(index, chosen, form, context);
  const complete = chosen.every((time, i) => Math.abs((decoded.times[i] ?? NaN) - time) <= index.tick / 2); // prettier-ignore
  if (complete) return { decoded, wanted: sampling.times, complaints: decoded.complaints };
  const survey = await surveyClip(index, sampling, context);
  const complaints = [...new Set([...decoded.complaints, ...survey.complaints])];
  if (survey.times.length === 0)
    throw new StageError(
      'decode',
      explainComplaints(complaints, CAUSES.nothingDecodes),
      complaints.join('\n'),
    );
  const wanted = framesOnDisplay(survey.times, sampling.targets, index.interval);
  const again = await decodeFrames(index, distinct(wanted), form, context, survey.early);
  if (again.times.length === 0)
    throw new StageError('decode', CAUSES.nothingDecodes, complaints.join('\n'));
  return { decoded: again, wanted, complaints };
}

/**
 * Decodes the picture and the sound of a clip on one clock.
 * @throws StageError (stage `decode`) when no frame of it can be decoded
 */
export async function decodeClip(
  index: VideoIndex,
  sampling: Sampling,
  form: FrameForm,
  context: RunContext,
): Promise<DecodedClip> {
  const [start, end] = sampling.span;
  if (end - start > MAX_SPAN) throw new StageError('decode', tooLong(end - start, index.interval));
  const [picture, sound] = await Promise.allSettled([
    decodePicture(index, sampling, form, context),
    decodeSound(index, sampling.span, context),
  ]);
  if (picture.status === 'rejected') throw picture.reason;
  if (sound.status === 'rejected') throw sound.reason;
  const { decoded, wanted, complaints } = picture.value;

  const { height, width } = decoded;
  const frameBytes = height * width * 3;
  const frames = new Uint8Array(wanted.length * frameBytes);
  const sources = wanted.map((time) => nearest(decoded.times, time));
  sources.forEach((source, i) => {
    frames.set(decoded.pixels.subarray(source * frameBytes, (source + 1) * frameBytes), i * frameBytes); // prettier-ignore
  });
  const times = sources.map((source) => decoded.times[source] ?? NaN);
  // Without a complaint, a packet that brings no frame was never meant to be shown.
  const damaged = complaints.length > 0;
  const misses = times.filter((time, i) => Math.abs(time - (sampling.times[i] ?? NaN)) > index.tick / 2); // prettier-ignore
  return {
    frames,
    height,
    width,
    times,
    substituted: damaged ? misses.length : 0,
    sound: sound.value.samples,
    warnings: [...new Set([...complaints, ...sound.value.complaints])].slice(0, MAX_WARNINGS),
  };
}
