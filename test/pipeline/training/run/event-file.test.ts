import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import crc32c from 'crc-32/crc32c.js';
import protobuf from 'protobufjs';
import { EventFile } from '../../../../pipeline/training/run/event-file.js';
import { useFolder } from '../../../cache/support.js';

/** What TensorFlow's event.proto and summary.proto say of the fields that we write. */
const PROTO = `
  syntax = "proto3";
  message SessionLog { enum Status { UNSPECIFIED = 0; START = 1; } Status status = 1; }
  message Value { string tag = 1; float simple_value = 2; }
  message Summary { repeated Value value = 1; }
  message Event {
    double wall_time = 1; int64 step = 2;
    oneof what { string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }
  }`;
const Event = protobuf.parse(PROTO).root.lookupType('Event');

function masked(bytes: Uint8Array): number {
  const crc = crc32c.buf(bytes) >>> 0;
  return Number((BigInt(crc >>> 15) | (BigInt(crc) << 17n)) + 0xa282ead8n & 0xffffffffn);
} // prettier-ignore

/** The events of a file; every checksum is checked. */
function eventsOf(file: Buffer): Record<string, unknown>[] {
  const events = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    assert.equal(file.readUInt32LE(at + 8), masked(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    assert.equal(file.readUInt32LE(at + 12 + length), masked(data));
    const event = Event.toObject(Event.decode(data), { longs: Number, enums: String });
    assert.ok(Math.abs(Number(event['wallTime']) - Date.now() / 1000) < 600);
    delete event['wallTime'];
    events.push(event);
    at += 16 + length;
  }
  return events;
}

describe('event files for TensorBoard', () => {
  const folder = useFolder();

  it('checksums are CRC-32C, masked as TFRecords have them', () => {
    assert.equal(crc32c.str('123456789') >>> 0, 0xe3069283);
  });

  it('hold a version, a start and the scalars of each step', async () => {
    const events = await EventFile.begin(folder(), 7);
    await events.scalars(8, { loss: 0.5, 'learning rate': 2 ** 20 });
    await events.scalars(2 ** 40, { loss: -1.25 });
    await events.close();
    const [name] = await readdir(folder());
    assert.match(name!, /^events\.out\.tfevents\.\d+\./);
    assert.deepEqual(eventsOf(await readFile(join(folder(), name!))), [
      { fileVersion: 'brain.Event:2' },
      { step: 7, sessionLog: { status: 'START' } },
      {
        step: 8,
        summary: {
          value: [
            { tag: 'loss', simpleValue: 0.5 },
            { tag: 'learning rate', simpleValue: 2 ** 20 },
          ],
        },
      },
      { step: 2 ** 40, summary: { value: [{ tag: 'loss', simpleValue: -1.25 }] } },
    ]);
  });
});
