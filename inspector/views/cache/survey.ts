import { setImmediate } from 'node:timers/promises';
import { CorruptRecordError } from '../../../cache/codec/codec.js';
import type { CacheReader } from '../../../cache/reader.js';
import type { SampleHeader } from '../../../cache/records.js';
import type { SurveyAnswer } from '../answers.js';
import { FLAGS } from './filter.js';
import { countValues, histogram } from './histogram.js';

/** Milliseconds of reading between two looks at what else is to be done. */
const SLICE = 8;

function flagsOf({ flags }: SampleHeader): number {
  return (
    (flags.audioPresent ? FLAGS.sound : 0) |
    (flags.substituted > 0 ? FLAGS.substituted : 0) |
    (flags.held > 0 ? FLAGS.held : 0) |
    (flags.warnings.length > 0 ? FLAGS.warnings : 0)
  );
}

/** Seconds between two frames of a clip; the middle one of all steps, since a held frame makes steps of 0. */
function frameStep(times: readonly number[]): number {
  const steps = times
    .slice(1)
    .map((time, i) => time - (times[i] ?? 0))
    .filter((step) => step > 0)
    .sort((a, b) => a - b);
  return steps[steps.length >> 1] ?? NaN;
}

/** What the headers of a cache say all together, read in slices so that nobody waits for it. */
export class Survey {
  readonly flags: Uint8Array;
  readonly paths: string[] = [];
  private readonly durations: Float32Array;
  private readonly steps: Float32Array;
  private readonly sizes: string[] = [];
  private stopped = false;
  /** Resolves when all headers were read, rejects when one cannot be. */
  readonly done: Promise<void>;

  constructor(private readonly reader: CacheReader) {
    this.flags = new Uint8Array(reader.size);
    this.durations = new Float32Array(reader.size);
    this.steps = new Float32Array(reader.size);
    this.done = this.read();
    // Who asks for it hears of a failure; nobody may have asked yet.
    this.done.catch(() => undefined);
  }

  /** Share of the headers read so far. */
  get progress(): number {
    return this.reader.size === 0 ? 1 : this.paths.length / this.reader.size;
  }

  /** Ends the reading before the reader is closed. */
  stop(): void {
    this.stopped = true;
  }

  answer(): SurveyAnswer | null {
    if (this.progress < 1) return null;
    const { stride } = this.reader.manifest.configuration;
    const count = (flag: number) =>
      this.flags.reduce((sum, bits) => sum + ((bits & flag) === 0 ? 0 : 1), 0);
    return {
      durations: histogram(this.durations),
      frameRates: typeof stride === 'number' ? histogram(this.steps.map((s) => stride / s)) : null,
      sizes: countValues(this.sizes),
      sound: count(FLAGS.sound),
      substituted: count(FLAGS.substituted),
      held: count(FLAGS.held),
      warnings: count(FLAGS.warnings),
      damaged: count(FLAGS.damaged),
    };
  }

  private async read(): Promise<void> {
    let slice = performance.now();
    for (let i = 0; i < this.reader.size && !this.stopped; i++) {
      if (performance.now() - slice > SLICE) {
        await setImmediate();
        slice = performance.now();
        // The reader may have been closed meanwhile.
        // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition
        if (this.stopped) return;
      }
      this.take(i);
    }
  }

  private take(index: number): void {
    try {
      const header = this.reader.header(index);
      this.flags[index] = flagsOf(header);
      this.durations[index] = header.span[1] - header.span[0];
      this.steps[index] = frameStep(header.times);
      this.sizes.push(`${header.width}×${header.height}`);
      this.paths.push(header.path);
    } catch (error) {
      // One damaged header must not hide all the others.
      if (!(error instanceof CorruptRecordError)) throw error;
      this.flags[index] = FLAGS.damaged;
      this.durations[index] = NaN;
      this.steps[index] = NaN;
      this.paths.push('');
    }
  }
}
