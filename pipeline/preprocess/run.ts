import { FramesTooLargeError } from '../../cache/codec/frame-encoding.js';
import { randomFor } from '../../cache/order/random.js';
import { sampleKey } from '../../cache/sample-key.js';
import type { CacheWriter } from '../../cache/writer.js';
import type { PreparedSample } from '../../cache/codec/prepare.js';
import type { Quarantine } from '../../cache/quarantine.js';
import type { Sample, VideoEntry } from '../../cache/records.js';
import { CAUSES, outsideVideo } from '../../stages/causes.js';
import { BufferPool } from '../../stages/decode/buffer-pool.js';
import { contentHash, fileVersion } from '../../stages/source/content-hash.js';
import { decodeClip } from '../../stages/decode/decode.js';
import { StageError } from '../../stages/stage-error.js';
import { drawTubeMask } from '../../stages/tube-mask.js';
import { logMel } from '../../stages/log-mel.js';
import { mfcc } from '../../stages/mfcc.js';
import { indexVideo } from '../../stages/probe/probe.js';
import { sampleClips, segmentOf } from '../../stages/sample/sample.js';
import { clipChance } from './clip-chance.js';
import { TooManyFailuresError, type FailurePolicy } from '../failure.js';
import type { ClipJob, DecodedJob, VideoJob } from './jobs.js';
import { clipShape, frameForm, type PreprocessOptions } from './options.js';
import { stageReport, Tally, type PreprocessEvent } from './tally.js';
import { newCounters, type StageCounters, type StageStream } from '../stream.js';

/** The stages' cores; each can be replaced by another of the same type. */
export const defaultStages = {
  hash: contentHash,
  index: indexVideo,
  sample: sampleClips,
  decode: decodeClip,
  mask: drawTubeMask,
  mfcc,
  logMel,
};
export type PreprocessStages = typeof defaultStages;

export interface PreprocessRunParts {
  readonly options: PreprocessOptions;
  readonly stages: PreprocessStages;
  readonly writer: CacheWriter;
  readonly quarantine: Quarantine;
  readonly policy: FailurePolicy;
  /** Entries in the source. */
  readonly total: number;
  readonly onEvent: ((event: PreprocessEvent) => void) | undefined;
}

/** A sample on its way to the cache. */
interface SampleJob {
  readonly job: VideoJob;
  readonly prepared: PreparedSample;
  /** The frames as they were decoded. */
  readonly frames: Uint8Array;
}

/** The stages of one run with what they share: options, cache, quarantine and counts. */
export class PreprocessRun {
  readonly tally = new Tally();
  readonly #counters: StageCounters[] = [];
  /** Path of the first entry of this run that a sample belongs to, by its key. */
  readonly #claims = new Map<string, string>();
  /** Entries of which a clip failed in this run. */
  readonly #failed = new Set<string>();
  readonly #buffers = new BufferPool();

  constructor(private readonly parts: PreprocessRunParts) {}

  /** Takes a stage's counters into the progress. */
  watch(stream: StageStream): StageStream {
    this.#counters.push(stream.counters);
    return stream;
  }

  /** Entry → the clips of it that the cache lacks, by the content of its file. */
  readonly read = async (entry: VideoEntry, signal: AbortSignal): Promise<VideoJob[]> => {
    const { options, stages, writer, quarantine } = this.parts;
    this.tally.videos++;
    const version = await fileVersion(entry.path);
    const hash = await stages.hash(entry.path, signal);
    const { start, end } = entry;
    const slots = Array.from({ length: options.clips }, (_, clip) => ({
      index: clip,
      key: sampleKey(writer.identity.fingerprint, { contentHash: hash, start, end, clip }),
    }));
    const known = quarantine.get(entry.id)?.contentHash === hash;
    const given = slots.filter(({ key }) => writer.has(key) || this.#claims.has(key));
    const owner = this.#claims.get(slots[0]?.key ?? '');
    if (owner !== undefined)
      this.parts.onEvent?.({ event: 'duplicate', path: entry.path, of: owner });
    this.tally.skipped += given.length;
    this.tally.clips += given.length;
    const missing = slots.filter((slot) => !given.includes(slot));
    if (missing.length === 0) await quarantine.release(entry.id);
    else if (known && !options.retryFailed) this.tally.quarantined.add(entry.id);
    else {
      for (const { key } of missing) this.#claims.set(key, entry.path);
      return [
        { entry, contentHash: hash, version, missing, remaining: missing.length, givenUp: null },
      ];
    }
    this.#finish();
    return [];
  };

  /** Entry → its clips, the frames of each chosen. */
  readonly index = async (job: VideoJob, signal: AbortSignal): Promise<ClipJob[]> => {
    const { options, stages } = this.parts;
    const { entry } = job;
    const { timeout, memory, videoStream, audioStream } = options;
    const index = await this.#unchanged(job, () => stages.index(entry.path, { timeout, memory, signal }, { videoStream, audioStream })); // prettier-ignore
    const line = segmentOf(index, entry.start, entry.end);
    if (line === null)
      throw new StageError('sample', outsideVideo(entry, index.times[0] ?? 0, index.end));
    const { frames, stride, clips } = options;
    const chance = clipChance(options, job.contentHash, entry);
    const samplings = stages.sample(line, { frames, stride, clips }, chance);
    return job.missing.flatMap((slot) => {
      const sampling = samplings[slot.index];
      return sampling === undefined ? [] : [{ job, entry, slot, index, sampling }];
    });
  };

  /** Clip → its picture and sound. */
  readonly decode = async (clip: ClipJob, signal: AbortSignal): Promise<DecodedJob[]> => {
    const { options, stages } = this.parts;
    // A stage from elsewhere may keep what it has made.
    const buffers = stages.decode === defaultStages.decode ? this.#buffers : undefined;
    const context = { timeout: options.timeout, memory: options.memory, signal, buffers };
    // Each of a thousand clips could take the whole time that it is given.
    if (clip.job.givenUp !== null) throw clip.job.givenUp;
    const decoded = await this.#unchanged(clip.job, () => stages.decode(clip.index, clip.sampling, frameForm(options), context)); // prettier-ignore
    return [{ ...clip, decoded }];
  };

  /** Clip → the sample that the cache holds, with mask and MFCC, its frames as they are kept. */
  readonly describe = async (clip: DecodedJob): Promise<SampleJob[]> => {
    const { job, entry, slot, sampling, decoded } = clip;
    const { options, stages, writer } = this.parts;
    const { positions, mfccFrames, cepstra, melBands } = clipShape(options);
    const { frames, height, width, times, sound, substituted, warnings } = decoded;
    const draw = randomFor(options.seed, 0, slot.key, 'cached mask');
    const sample: Sample = {
      header: {
        ...entry,
        key: slot.key,
        contentHash: job.contentHash,
        clip: slot.index,
        height,
        width,
        times,
        span: sampling.span,
        flags: { audioPresent: sound !== null, substituted, held: sampling.held, warnings },
      },
      frames,
      mask: stages.mask(positions, options.maskRatio, draw),
      mfcc: sound === null ? new Float32Array(mfccFrames * cepstra) : stages.mfcc(sound, mfccFrames), // prettier-ignore
      ...(melBands !== undefined && {
        mel: sound === null ? new Float32Array(mfccFrames * melBands) : stages.logMel(sound, mfccFrames, melBands), // prettier-ignore
      }),
    };
    try {
      return [{ job, prepared: await writer.prepare(sample), frames }];
    } catch (error) {
      if (!(error instanceof FramesTooLargeError)) throw error;
      throw new StageError('describe', error.message);
    }
  };

  /** Writes the samples to the cache, one after the other. */
  readonly store = async (samples: AsyncIterable<SampleJob>): Promise<void> => {
    const { writer, quarantine } = this.parts;
    const counters = newCounters('store');
    this.#counters.push(counters);
    for await (const { job, prepared, frames } of samples) {
      const start = performance.now();
      counters.queued = 1;
      await writer.put(prepared);
      counters.queued = 0;
      counters.items++;
      counters.busySeconds += (performance.now() - start) / 1000;
      this.#buffers.giveBack(frames);
      this.tally.written++;
      this.tally.clips++;
      job.remaining--;
      if (job.remaining > 0) continue;
      if (!this.#failed.has(job.entry.id)) await quarantine.release(job.entry.id);
      this.#finish();
    }
  };

  /** Puts what a stage gave up into quarantine, and asks whether to go on. */
  readonly fail = async (
    error: unknown,
    record: VideoEntry | VideoJob | ClipJob,
  ): Promise<void> => {
    // Anything but a bad file is not for the quarantine: a defect, a full disk.
    if (!(error instanceof StageError)) throw error;
    const { quarantine, policy, options, onEvent } = this.parts;
    const entry = 'entry' in record ? record.entry : record;
    const job = 'job' in record ? record.job : 'missing' in record ? record : null;
    const { stage, cause, detail } = error;
    // A file that vanished or changed is not known by the content that it once had.
    const hash = stage === 'read' ? null : (job?.contentHash ?? null);
    const before = quarantine.get(entry.id);
    const news = !this.#failed.has(entry.id) && (options.retryFailed || before?.cause !== cause || before.contentHash !== hash); // prettier-ignore
    if (job !== null && error.exhausting) job.givenUp ??= error;
    this.#failed.add(entry.id);
    this.tally.quarantined.add(entry.id);
    if (news) {
      await quarantine.add({ path: entry.path, id: entry.id, stage, cause, detail, contentHash: hash }); // prettier-ignore
      onEvent?.({ event: 'quarantined', path: entry.path, stage, cause, detail });
    }
    // A failure of the whole entry ends all its clips, one of a clip just that.
    if (job !== null) job.remaining -= 'slot' in record ? 1 : job.remaining;
    if (job === null || job.remaining === 0) this.#finish();
    if (policy({ entry, error }, this.tally.quarantined.size) === 'stop')
      throw new TooManyFailuresError({ entry, error }, this.tally.quarantined.size);
  };

  /** Whatever comes of a file that is not the one that was hashed, that is what is wrong with it. */
  async #unchanged<T>({ entry, version }: VideoJob, work: () => Promise<T>): Promise<T> {
    const [result] = await Promise.allSettled([work()]);
    if (result.status === 'rejected' && !(result.reason instanceof StageError)) throw result.reason;
    if ((await fileVersion(entry.path)) !== version) throw new StageError('read', CAUSES.changed);
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }

  #finish(): void {
    this.tally.done++;
    const counts = this.tally.counts();
    this.parts.onEvent?.({
      event: 'progress',
      ...counts,
      done: this.tally.done,
      total: this.parts.total,
      stages: this.#counters.map((counters) => stageReport(counters, counts.seconds)),
    });
  }
}
