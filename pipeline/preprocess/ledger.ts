import type { Quarantine } from '../../cache/quarantine.js';
import type { VideoEntry } from '../../cache/records.js';
import type { DescribedClip, SampledClip, VideoRecord } from '../../stages/clip.js';
import { StageError } from '../../stages/stage-error.js';
import type { StageCounters } from '../../stages/stream.js';
import type { LineError } from '../../stages/source/lists/line-error.js';
import { TooManyFailuresError, type FailurePolicy, type StageFailure } from '../failure.js';
import { stageReport, Tally, type PreprocessEvent } from './tally.js';

/** The stage of lines that are wrong. */
const LIST_STAGE = 'list';

export interface LedgerParts {
  readonly quarantine: Quarantine;
  readonly policy: FailurePolicy;
  /** Entries in the source. */
  readonly total: number;
  readonly retryFailed: boolean;
  readonly onEvent: ((event: PreprocessEvent) => void) | undefined;
}

/** What became of each entry of a run: counts, quarantine, progress. The stages know nothing of it. */
export class RunLedger {
  readonly tally = new Tally();
  readonly #counters: StageCounters[] = [];
  /** Clips of an entry that are still on their way. */
  readonly #remaining = new WeakMap<VideoEntry, number>();
  /** Ids of entries of which a clip failed in this run. */
  readonly #failed = new Set<string>();

  constructor(private readonly parts: LedgerParts) {}

  /** Takes a stage's counters into the progress, in the order of the calls. */
  watch<T extends { readonly counters: StageCounters }>(stream: T): T {
    this.#counters.push(stream.counters);
    return stream;
  }

  begin(): void {
    this.tally.videos++;
  }

  duplicate(entry: VideoEntry, of: string): void {
    this.parts.onEvent?.({ event: 'duplicate', path: entry.path, of });
  }

  /** So many clips of an entry are there already. */
  skip(clips: number): void {
    this.tally.skipped += clips;
    this.tally.clips += clips;
  }

  stillQuarantined(entry: VideoEntry): void {
    this.tally.quarantined.add(entry.id);
  }

  /** So many clips of an entry are to be made. */
  expect(entry: VideoEntry, clips: number): void {
    this.#remaining.set(entry, clips);
  }

  /** A clip is on the disk. */
  readonly stored = async ({ entry }: DescribedClip): Promise<void> => {
    this.tally.written++;
    this.tally.clips++;
    if (!this.#settle(entry, 1)) return;
    if (!this.#failed.has(entry.id)) await this.parts.quarantine.release(entry.id);
    this.finish();
  };

  /** Puts what a stage gave up into quarantine, and asks the policy whether to go on. */
  readonly failed = async (error: unknown, record: VideoRecord | SampledClip): Promise<void> => {
    // Anything but a bad file is not for the quarantine: a defect, a full disk.
    if (!(error instanceof StageError)) throw error;
    const { quarantine, retryFailed, onEvent } = this.parts;
    const { entry } = record;
    const { stage, cause, detail } = error;
    // A file that vanished or changed is not known by the content that it once had.
    const contentHash = stage === 'read' ? null : (record.contentHash ?? null);
    const before = quarantine.get(entry.id);
    const isNews =
      !this.#failed.has(entry.id) &&
      (retryFailed || before?.cause !== cause || before.contentHash !== contentHash);
    this.#failed.add(entry.id);
    this.tally.quarantined.add(entry.id);
    if (isNews) {
      const { path, id } = entry;
      await quarantine.add({ path, id, stage, cause, detail, contentHash });
      onEvent?.({ event: 'quarantined', path, stage, cause, detail });
    }
    // A failure of the whole entry ends all its clips, one of a clip just that.
    const ended = 'sampling' in record ? 1 : Infinity;
    if (this.#settle(entry, ended)) this.finish();
    this.stopAtLimit({ entry, error });
  };

  /**
   * Puts lines of the list that are wrong into quarantine, and lets those go that are right by now.
   * @param list whose lines they are
   * @param all how many there are, if not all of them are given
   */
  async wrongLines(list: string, lines: readonly LineError[], all: number): Promise<void> {
    const { quarantine } = this.parts;
    const now = new Set(lines.map(({ place }) => place));
    for (const { id, path, stage } of quarantine.records())
      if (stage === LIST_STAGE && path === list && !now.has(id)) await quarantine.release(id);
    this.tally.unnamed = all - lines.length;
    for (const line of lines) await this.wrongLine(list, line);
  }

  private async wrongLine(list: string, { place, got, why }: LineError): Promise<void> {
    const { quarantine, onEvent } = this.parts;
    const error = new StageError(LIST_STAGE, `the line is wrong: ${why}`, got);
    const { stage, cause, detail } = error;
    this.tally.quarantined.add(place);
    const before = quarantine.get(place);
    if (before?.cause !== cause || before.detail !== detail) {
      await quarantine.add({ path: list, id: place, stage, cause, detail, contentHash: null });
      onEvent?.({ event: 'quarantined', path: place, stage, cause, detail });
    }
    const entry = { path: place, id: place, label: null, split: null, start: null, end: null };
    this.stopAtLimit({ entry, error });
  }

  /** @throws TooManyFailuresError when the policy says so */
  private stopAtLimit(failure: StageFailure): void {
    const failures = this.tally.counts().quarantined;
    if (this.parts.policy(failure, failures) === 'stop')
      throw new TooManyFailuresError(failure, failures);
  }

  /** An entry is done with, whatever became of it. */
  finish(): void {
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

  /** Takes clips off those that an entry waits for. @returns whether there are none left */
  #settle(entry: VideoEntry, clips: number): boolean {
    const left = Math.max(0, (this.#remaining.get(entry) ?? 0) - clips);
    this.#remaining.set(entry, left);
    return left === 0;
  }
}
