import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../folder/atomic-file.js';
import { CacheError, existingManifest, readManifest, writeManifest } from '../manifest/manifest.js';
import { readQuarantine, writeQuarantine } from '../quarantine.js';
import { openShardFile } from '../shard/open.js';
import { indexPath } from '../shard/shard-index.js';
import { SHARD_FOLDER } from '../shard/shard.js';

/** Copies a file down to the disk. */
async function copyDurably(from: string, to: string): Promise<void> {
  const target = await open(to, 'w');
  try {
    for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 }))
      await target.writeFile(chunk as Buffer);
    await target.sync();
  } catch (error) {
    throw new CacheError(
      `${from} could not be copied to ${to}: ${(error as Error).message}; it is kept where it is, so make room and run again on this machine`,
      { cause: error },
    );
  } finally {
    await target.close();
  }
}

/**
 * Copies a sealed cache from a scratch folder to where all machines see it, its manifest last, so
 * that what has a manifest is whole; every shard is opened there once. What is there already stays:
 * another attempt may build on it.
 */
export async function copyAttempt(from: string, to: string): Promise<void> {
  const manifest = await existingManifest(from);
  const there = new Set((await readManifest(to))?.shards.map(({ index }) => index));
  await mkdir(join(to, SHARD_FOLDER), { recursive: true });
  for (const entry of manifest.shards) {
    if (there.has(entry.index)) continue;
    for (const file of [entry.file, indexPath(entry.file)])
      await copyDurably(join(from, file), join(to, file));
    await openShardFile(join(to, entry.file), entry, manifest).close();
  }
  await syncFolder(join(to, SHARD_FOLDER));
  await writeQuarantine(to, await readQuarantine(from));
  await writeManifest(to, manifest);
}
