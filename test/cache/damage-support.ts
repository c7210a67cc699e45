import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { CorruptRecordError } from '../../cache/codec/codec.js';
import { openCache } from '../../cache/reader.js';
import type { Sample } from '../../cache/records.js';

/** One bit of a file, changed and put right again. */
export async function withFlip(path: string, at: number, test: () => Promise<void>): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    await file.write(Buffer.from([(byte[0] ?? 0) ^ (1 << (at % 8))]), 0, 1, at);
    try {
      await test();
    } finally {
      await file.write(byte, 0, 1, at);
    }
  } finally {
    await file.close();
  }
}

/** Reads all that a cache gives. @returns the samples, and how many were refused */
export async function readWhatGoes(folder: string): Promise<{ good: Sample[]; refused: number }> {
  const reader = await openCache(folder);
  const good: Sample[] = [];
  let refused = 0;
  try {
    for (let i = 0; i < reader.size; i++)
      try {
        const sample = reader.sample(i);
        assert.deepEqual(reader.header(i), sample.header);
        good.push(sample);
      } catch (error) {
        assert.ok(error instanceof CorruptRecordError, String(error));
        refused++;
      }
  } finally {
    await reader.close();
  }
  return { good, refused };
}
