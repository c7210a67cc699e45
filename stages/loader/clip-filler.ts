import { codecOf, decodeSample } from '../../cache/index.js';
import type { ClipWriter } from './clip-writer.js';
import type { ClipSetup, ClipTask } from './messages.js';
import { RecordFiles } from './record-files.js';

/** Reads, checks, decodes and writes clips, one after the other. */
export class ClipFiller {
  private readonly files = new RecordFiles();
  private readonly sources;

  constructor(
    setup: ClipSetup,
    private readonly writer: ClipWriter,
  ) {
    this.sources = setup.sources.map(({ schema, shape }) => ({ codec: codecOf(schema), shape }));
  }

  /**
   * @returns undefined when it is done, or what it is done after: until then no other may be begun,
   *   since the record's memory is used for the next one
   * @throws CorruptRecordError, also later
   */
  fill(task: ClipTask, slot: number, clip: number): Promise<void> | undefined {
    const { source, key, place } = task;
    const from = this.sources[source];
    if (from === undefined) throw new RangeError(`loader: there is no source ${source}`);
    const { codec, shape } = from;
    const stored = codec.stored(this.files.read(place), shape, key);
    if (stored.frames.format !== 'raw')
      return decodeSample(stored, shape).then((sample) => {
        this.writer.write(sample, task, slot, clip);
      });
    this.writer.write({ ...stored, frames: stored.frames.bytes }, task, slot, clip);
    return undefined;
  }

  close(): void {
    this.files.close();
  }
}
