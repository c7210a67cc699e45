import { CAUSES } from '../causes.js';
import { decodeFrames, FramesPass, surveyFrames, type Survey } from './decode-frames.js'; // prettier-ignore
import { decodeAudio, AudioPass } from './decode-audio.js';
import { arrange, assertShort, distinct, isComplete, type DecodedClip, type FramesToShow } from './decoded-clip.js'; // prettier-ignore
import { StageError } from '../stage-error.js';
import { runFfmpeg } from '../ffmpeg/ffmpeg.js';
import { explainComplaints } from '../ffmpeg/log.js';
import type { FrameFit } from './frame-filter.js';
import { framesOnDisplay, type Sampling } from '../sample/sample-clips.js';
import type { RunContext, VideoIndex } from '../probe/video-index.js';

const MAX_WARNINGS = 8;

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

/**
 * The index promises frames; a damaged file does not keep it, and some codecs have packets that
 * are never shown. Then the frames that do come out are counted as the video's, and chosen from again.
 */
async function decodeVideo(
  index: VideoIndex,
  sampling: Sampling,
  fit: FrameFit,
  context: RunContext,
): Promise<FramesToShow> {
  const chosen = distinct(sampling.times);
  const decoded = await decodeFrames(index, chosen, fit, context);
  if (isComplete(decoded, chosen, index.tick))
    return { decoded, wanted: sampling.times, complaints: decoded.complaints };
  const survey = await surveyClip(index, sampling, context);
  const complaints = [...new Set([...decoded.complaints, ...survey.complaints])];
  if (survey.times.length === 0)
    throw new StageError(
      'decode',
      explainComplaints(complaints, CAUSES.nothingDecodes),
      complaints.join('\n'),
    );
  const wanted = framesOnDisplay(survey.times, sampling.targets, index.interval);
  const again = await decodeFrames(index, distinct(wanted), fit, context, survey.early);
  if (again.times.length === 0)
    throw new StageError('decode', CAUSES.nothingDecodes, complaints.join('\n'));
  return { decoded: again, wanted, complaints };
}

/**
 * Picture and sound in one process, which saves opening the file twice; nearly every clip comes out so.
 * @returns undefined where anything at all is out of the ordinary: then each is to be looked at by itself
 */
async function decodeAtOnce(
  index: VideoIndex,
  sampling: Sampling,
  fit: FrameFit,
  context: RunContext,
): Promise<DecodedClip | undefined> {
  // Of several sound streams ffmpeg finds the best, but not when the file is open twice.
  if (!index.hasAudio || index.audioStream === null) return undefined;
  const chosen = distinct(sampling.times);
  const video = new FramesPass(index, chosen, fit, context);
  const audio = new AudioPass(index, sampling.span, context, 1);
  try {
    const { succeeded, complaints } = await runFfmpeg({ ...video.task, complaintsFrom: undefined, beside: audio.task }); // prettier-ignore
    if (!succeeded || complaints.length > 0 || video.mixedSize !== null) return undefined;
  } catch (error) {
    if (error instanceof StageError) return undefined;
    throw error;
  }
  const decoded = video.result([]);
  if (!isComplete(decoded, chosen, index.tick)) return undefined;
  const shown = arrange({ decoded, wanted: sampling.times, complaints: [] }, sampling, index.tick);
  return { ...shown, audio: audio.result(), warnings: [] };
}

/**
 * Decodes the picture and the sound of a clip on one clock.
 * @throws StageError (stage `decode`) when no frame of it can be decoded
 */
export async function decodeClip(
  index: VideoIndex,
  sampling: Sampling,
  fit: FrameFit,
  context: RunContext,
): Promise<DecodedClip> {
  assertShort(sampling, index.interval);
  const atOnce = await decodeAtOnce(index, sampling, fit, context);
  if (atOnce !== undefined) return atOnce;
  const [video, audio] = await Promise.allSettled([
    decodeVideo(index, sampling, fit, context),
    decodeAudio(index, sampling.span, context),
  ]);
  if (video.status === 'rejected') throw video.reason;
  if (audio.status === 'rejected') throw audio.reason;
  const { complaints } = video.value;
  return {
    ...arrange(video.value, sampling, index.tick),
    audio: audio.value.samples,
    warnings: [...new Set([...complaints, ...audio.value.complaints])].slice(0, MAX_WARNINGS),
  };
}
