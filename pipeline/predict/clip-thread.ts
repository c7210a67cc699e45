/** The thread that reads clips of videos, ahead of the model, which keeps the main thread busy. */
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import type { VideoEntry } from '../../cache/records.js';
import type { DescribedClip, SampledClip, VideoRecord } from '../../stages/clip.js';
import { sampleOf } from '../../stages/shard-cache/sample-of.js';
import { StageError } from '../../stages/stage-error.js';
import { runPipeline } from '../../stages/stream.js';
import { clipStages } from './clip-stages.js';
import type { ClipSetup, FromThread, ToThread } from './messages.js';

const setup = workerData as ClipSetup;
const abort = new AbortController();
const numbers = new WeakMap<VideoEntry, number>();
const say = (message: FromThread) => parentPort?.postMessage(message);

/** Entries that were sent and not taken; null: the last one was. */
const waiting: (VideoEntry | null)[] = [];
const arrivals = new EventTarget();
let out = 0;
let admit: () => void = () => undefined;

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'stop') abort.abort();
  else if (message.kind === 'taken') {
    out--;
    admit();
  } else {
    if (message.kind === 'entry') numbers.set(message.entry, message.number);
    waiting.push(message.kind === 'entry' ? message.entry : null);
    arrivals.dispatchEvent(new Event('entry'));
  }
});

async function* records(): AsyncGenerator<VideoRecord> {
  for (;;) {
    const entry = waiting.shift();
    if (entry === null) return;
    if (entry === undefined) await once(arrivals, 'entry', { signal: abort.signal });
    else {
      say({ kind: 'begun' });
      yield { entry, configuration: {} };
    }
  }
}

function failed(error: unknown, record: VideoRecord | SampledClip): void {
  if (!(error instanceof StageError)) throw error;
  const { stage, cause, detail } = error;
  const span = 'sampling' in record ? record.sampling.span : undefined;
  const number = numbers.get(record.entry) ?? 0;
  say({ kind: 'failed', number, failure: { stage, cause, detail, span } });
}

const sink = new Writable({
  objectMode: true,
  highWaterMark: 1,
  write(record: DescribedClip, _encoding, done) {
    // A copy is sent: frames go back to the pool of the decoder.
    say({ kind: 'clip', number: numbers.get(record.entry) ?? 0, sample: sampleOf(record, record.clip.key) }); // prettier-ignore
    record.release();
    out++;
    admit = () => {
      if (out >= setup.ahead) return;
      admit = () => undefined;
      done();
    };
    admit();
  },
});

const source = Readable.from(records(), { objectMode: true, highWaterMark: 1 });
const [first, ...stages] = clipStages(source, setup, failed);
try {
  await runPipeline([first, ...stages, sink], { signal: abort.signal });
  say({ kind: 'end', stages: stages.map(({ counters }) => ({ ...counters })) });
} catch (error) {
  if (!abort.signal.aborted) throw error;
} finally {
  parentPort?.close();
}
