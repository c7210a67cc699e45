import { codecOf } from '../../../cache/manifest/schema.js';
import { CorruptRecordError } from '../../../cache/codec/codec.js';
import { decodeSample } from '../../../cache/codec/prepare.js';
import type { Sample } from '../../../cache/records.js';
import type { ClipWriter } from './clip-writer.js';
import type { ClipSetup, ClipTask } from './messages.js';
import { withAudioOf } from '../other-audio.js';
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
    const { codec, shape } = this.source(source);
    const sound = this.otherAudio(task);
    const write = (own: Sample) => {
      this.writer.write(sound === undefined ? own : withAudioOf(own, sound), task, slot, clip);
    };
    const stored = codec.stored(this.files.read(place), shape, key);
    if (stored.frames.format !== 'raw') return decodeSample(stored, shape).then(write);
    write({ ...stored, frames: stored.frames.bytes });
    return undefined;
  }

  close(): void {
    this.files.close();
  }

  private source(number: number) {
    const from = this.sources[number];
    if (from === undefined) throw new RangeError(`loader: there is no source ${number}`);
    return from;
  }

  /** Another sample's sound in memory of its own. */
  private otherAudio({
    source,
    audioFrom: heard,
  }: ClipTask): Pick<Sample, 'mfcc' | 'mel'> | undefined {
    if (heard === undefined) return undefined;
    const { codec, shape } = this.source(source);
    try {
      const { mfcc, mel } = codec.stored(this.files.read(heard.place), shape, heard.key);
      return { mfcc: mfcc.slice(), mel: mel?.slice() };
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      throw new CorruptRecordError(`the sample that it is heard with (key ${heard.key}): ${error.message}`, { cause: error }); // prettier-ignore
    }
  }
}
