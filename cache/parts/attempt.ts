import { createHash } from 'node:crypto';
import { access, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { assertSameKind } from '../folder/addable.js';
import { lockForWriting, wasKilledHere, whereWritten } from '../folder/lock.js';
import { makeFolder } from '../folder/make-folder.js';
import {
  CacheError,
  cacheIdentity,
  existingManifest,
  type CacheIdentity,
} from '../manifest/manifest.js';
import { openCacheWriter, type CacheWriterOptions } from '../writer.js';
import { readQuarantine, writeQuarantine, type QuarantineRecord } from '../quarantine.js';
import { baseOfAttempt, newAttemptName, NO_COMMIT } from './attempt-name.js';
import { commitAttempt, publishHead } from './commit.js';
import { copyAttempt } from './copy.js';
import { quarantineFolder, readHead, type PartHead } from './head.js';
import { otherAttempts, sealedKeys, type OtherAttempt, type UsableCache } from './known.js';

/** What became of an attempt. */
export type AttemptOutcome =
  /** It is the state of the part now. */
  | 'committed'
  /** Another attempt was first; this one does not count. */
  | 'lost'
  /** The part was finished before, and there was nothing to add. */
  | 'unchanged';

/** Left by a writer that ended without sealing: whoever finds it may go on in its folder. */
const CLOSED_FILE = 'closed';

interface AttemptParts {
  readonly part: string;
  readonly name: string;
  readonly folder: string;
  readonly head: PartHead | undefined;
  readonly others: readonly OtherAttempt[];
  readonly headKeys: readonly string[];
  readonly quarantine: readonly QuarantineRecord[];
  readonly identity: CacheIdentity;
  readonly unlock: () => Promise<void>;
}

/** One run at a part of a cache: it writes where nobody else does, and counts by its commit alone. */
export class Attempt {
  /** Keys of the samples that the part has already, or will have by the commit. */
  readonly known: ReadonlySet<string>;

  /** @internal use {@link beginAttempt} */
  constructor(private readonly parts: AttemptParts) {
    this.known = new Set([...parts.headKeys, ...parts.others.flatMap(({ keys }) => keys)]);
  }

  /** Where its cache is to be written. */
  get folder(): string {
    return this.parts.folder;
  }

  /** Releases the folder; for its writer, who does so when it closes. */
  get unlock(): () => Promise<void> {
    return this.parts.unlock;
  }

  /** To be called once the cache in its folder is sealed, at the end of the part's list. */
  async commit(): Promise<AttemptOutcome> {
    const { part, name, head, others, identity } = this.parts;
    if (await this.hasNothingNew()) {
      await rm(this.folder, { recursive: true, force: true });
      return 'unchanged';
    }
    const folder = await this.deliver();
    const own = { folder, manifest: await existingManifest(folder) };
    const sources = [...others, own];
    if (await commitAttempt({ part, attempt: name, head, sources, identity })) return 'committed';
    await this.mustBeThere(own);
    return 'lost';
  }

  /** Another attempt was first: as a rule it has made the same. @throws CacheError when it has not */
  private async mustBeThere(own: UsableCache): Promise<void> {
    const { part, identity } = this.parts;
    const head = await readHead(part);
    if (head === undefined) return;
    const there = new Set(await sealedKeys({ folder: part, manifest: head.manifest }, identity));
    const mine = [...this.known, ...(await sealedKeys(own, identity))];
    const lacking = mine.filter((key) => !there.has(key)).length;
    if (lacking > 0)
      throw new CacheError(
        `${part}: another run came to its end while this one worked, and ${lacking} of this run's clips are not in it; run again to add them`,
      );
  }

  /** To be called when the run was stopped and its cache is sealed: the next attempt takes over what there is. */
  async leave(): Promise<void> {
    await this.deliver();
  }

  /**
   * To be called when the run failed and its writer is closed.
   * @returns what is to be said of it
   */
  async abandon(error: unknown): Promise<unknown> {
    try {
      await writeFile(join(this.folder, CLOSED_FILE), '');
      return error;
    } catch (cause) {
      const head = await readHead(this.parts.part).catch(() => undefined);
      const pruned = (cause as NodeJS.ErrnoException).code === 'ENOENT';
      if (!pruned || head === undefined || head.id === this.parts.head?.id) return error;
      return new CacheError(
        `${this.parts.part}: another run came to its end first, and avme merge deleted what this one had made`,
        { cause: error },
      );
    }
  }

  /** Copies it from the scratch folder, if it was written there. */
  private async deliver(): Promise<string> {
    const { part, name, folder } = this.parts;
    const target = join(part, name);
    if (folder !== target) {
      await copyAttempt(folder, target);
      await rm(folder, { recursive: true, force: true });
    }
    return target;
  }

  private async hasNothingNew(): Promise<boolean> {
    const { head, others, quarantine } = this.parts;
    if (head?.finished !== true || others.some(({ keys }) => keys.length > 0)) return false;
    const { samples } = await existingManifest(this.folder);
    return samples === 0 && isDeepStrictEqual(await readQuarantine(this.folder), quarantine);
  }
}

/** The folder inside a scratch folder in which attempts at this part lie, and at no other. */
async function scratchPart(scratch: string, part: string): Promise<string> {
  const id = createHash('sha256').update(await realpath(part)).digest('hex').slice(0, 16); // prettier-ignore
  return join(scratch, `avme-${id}`);
}

/**
 * Attempts of which it is sure that nobody writes them any more: killed where their processes can be
 * seen, or ended in order.
 */
async function resumable(where: string, base: string): Promise<string[]> {
  const names = await readdir(where).catch(() => []);
  const found: string[] = [];
  for (const name of names.filter((each) => baseOfAttempt(each) === base).sort()) {
    const folder = join(where, name);
    const closed = access(join(folder, CLOSED_FILE)).then(() => true, () => false); // prettier-ignore
    if ((await wasKilledHere(folder)) || (await closed)) found.push(name);
  }
  return found;
}

/** Takes the folder of an attempt that nobody writes any more, or makes a new one. */
async function takeFolder(where: string, base: string) {
  for (const name of await resumable(where, base)) {
    const folder = join(where, name);
    try {
      const unlock = await lockForWriting(folder);
      await rm(join(folder, CLOSED_FILE), { force: true });
      return { name, folder, unlock, isNew: false };
    } catch (error) {
      // Another process had the same idea.
      if (!(error instanceof CacheError)) throw error;
    }
  }
  const name = newAttemptName(base);
  const folder = join(where, name);
  await makeFolder(folder);
  return { name, folder, unlock: await lockForWriting(folder), isNew: true };
}

/** What is in quarantine by the newest word of the part and its attempts. */
async function quarantineOf(
  part: string,
  head: PartHead | undefined,
  others: readonly OtherAttempt[],
) {
  const records = new Map<string, QuarantineRecord>();
  const folders = others.map(({ folder }) => folder);
  if (head !== undefined) folders.unshift(quarantineFolder(part, head.manifest));
  for (const folder of folders)
    for (const record of await readQuarantine(folder))
      if ((records.get(record.id)?.time ?? '') <= record.time) records.set(record.id, record);
  return [...records.values()];
}

/** The head of a part; one of an earlier avme whose run was killed here is sealed first. */
async function settledHead(part: string, kind: CacheWriterOptions, identity: CacheIdentity) {
  const head = await readHead(part);
  if (head === undefined) return undefined;
  assertSameKind(part, head.manifest, identity);
  if (head.finished || (await whereWritten(part)) !== null) return head;
  try {
    await (await openCacheWriter(part, kind)).close();
  } catch (error) {
    // Another process does the same at this moment.
    if (!(error instanceof CacheError) || (await whereWritten(part)) === null) throw error;
  }
  return readHead(part);
}

/**
 * Begins an attempt at a part. Any number of them may run at once, on any machines.
 * @param part folder of the part; made when it is not there
 * @param scratch folder on a local disk to write in, copied to the part at the end; null: in the part
 * @throws CacheError when the part was made with other settings, or is damaged
 */
export async function beginAttempt(
  part: string,
  kind: CacheWriterOptions,
  scratch: string | null = null,
): Promise<Attempt> {
  const identity = cacheIdentity(kind.configuration, kind.tools, kind.shape);
  await makeFolder(part);
  await publishHead(part);
  const head = await settledHead(part, kind, identity);
  const base = head?.id ?? NO_COMMIT;
  const where = scratch === null ? part : await scratchPart(scratch, part);
  await mkdir(where, { recursive: true });
  const { name, folder, unlock, isNew } = await takeFolder(where, base);
  try {
    const others = (await otherAttempts(part, head, identity)).filter(
      (other) => other.folder !== join(part, name),
    );
    const headKeys = head === undefined ? [] : await sealedKeys({ folder: part, manifest: head.manifest }, identity); // prettier-ignore
    const quarantine = await quarantineOf(part, head, others);
    if (isNew && quarantine.length > 0) await writeQuarantine(folder, quarantine);
    return new Attempt({ part, name, folder, head, others, headKeys, quarantine, identity, unlock }); // prettier-ignore
  } catch (error) {
    await unlock();
    throw error;
  }
}
