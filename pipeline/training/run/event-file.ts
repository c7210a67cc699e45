import { open, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import crc32c from 'crc-32/crc32c.js';
import { Writer } from 'protobufjs/minimal.js';

/* Field numbers of TensorFlow's event.proto and summary.proto, each shifted over its wire type. */
const WALL_TIME = (1 << 3) | 1;
const STEP = (2 << 3) | 0;
const FILE_VERSION = (3 << 3) | 2;
const SUMMARY = (5 << 3) | 2;
const SESSION_LOG = (7 << 3) | 2;
const SUMMARY_VALUE = (1 << 3) | 2;
const VALUE_TAG = (1 << 3) | 2;
const VALUE_SIMPLE = (2 << 3) | 5;
const SESSION_STATUS = (1 << 3) | 0;
const SESSION_START = 1;

/** TensorFlow hides checksums from checksums of themselves. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c.buf(bytes) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A TFRecord: length u64, checksum of the length, data, checksum of the data; little-endian. */
function record(data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + data.length + 4);
  bytes.writeBigUInt64LE(BigInt(data.length), 0);
  bytes.writeUInt32LE(maskedCrc(bytes.subarray(0, 8)), 8);
  bytes.set(data, 12);
  bytes.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return bytes;
}

function event(step: number, content: (writer: Writer) => void): Buffer {
  const writer = Writer.create()
    .uint32(WALL_TIME)
    .double(Date.now() / 1000);
  if (step > 0) writer.uint32(STEP).int64(step);
  content(writer);
  return record(writer.finish());
}

/** Scalars of a run for TensorBoard, in a file of TensorFlow's events. */
export class EventFile {
  private constructor(private readonly file: FileHandle) {}

  /**
   * Begins a new file in `folder`; TensorBoard reads all of a folder's as one run.
   * @param step that the run goes on from: what older files say of later steps no longer counts
   */
  static async begin(folder: string, step: number): Promise<EventFile> {
    const name = `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${hostname()}.${process.pid}`;
    const file = await open(join(folder, name), 'a');
    const events = new EventFile(file);
    await file.appendFile(event(0, (writer) => writer.uint32(FILE_VERSION).string('brain.Event:2')));
    await file.appendFile(
      event(step, (writer) =>
        writer.uint32(SESSION_LOG).fork().uint32(SESSION_STATUS).int32(SESSION_START).ldelim(),
      ),
    );
    return events;
  } // prettier-ignore

  /** Appends one value for each tag at a step. */
  async scalars(step: number, values: Readonly<Record<string, number>>): Promise<void> {
    const bytes = event(step, (writer) => {
      writer.uint32(SUMMARY).fork();
      for (const [tag, value] of Object.entries(values))
        writer.uint32(SUMMARY_VALUE).fork().uint32(VALUE_TAG).string(tag).uint32(VALUE_SIMPLE).float(value).ldelim(); // prettier-ignore
      writer.ldelim();
    });
    await this.file.appendFile(bytes);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
