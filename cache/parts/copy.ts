import { createReadStream } from 'node:fs';
import { access, mkdir, open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { syncFolder } from '../folder/atomic-file.js';
import { CacheError, existingManifest, MANIFEST_FILE } from '../manifest/manifest.js';
import { QUARANTINE_FILE } from '../quarantine.js';
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
 * that what has a manifest is whole; every shard is opened there once.
 */
export async function copyAttempt(from: string, to: string): Promise<void> {
  const manifest = await existingManifest(from);
  await rm(join(to, MANIFEST_FILE), { force: true });
  await mkdir(join(to, SHARD_FOLDER), { recursive: true });
  for (const entry of manifest.shards)
    for (const file of [join(from, entry.file), indexPath(join(from, entry.file))])
      await copyDurably(file, join(to, SHARD_FOLDER, basename(file)));
  await syncFolder(join(to, SHARD_FOLDER));
  for (const entry of manifest.shards)
    await openShardFile(join(to, entry.file), entry, manifest).close();
  const quarantine = join(from, QUARANTINE_FILE);
  const quarantined = await access(quarantine).then(() => true, () => false); // prettier-ignore
  if (quarantined) await copyDurably(quarantine, join(to, QUARANTINE_FILE));
  await copyDurably(join(from, MANIFEST_FILE), join(to, MANIFEST_FILE));
  await syncFolder(to);
}
