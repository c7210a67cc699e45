import { createHash } from 'node:crypto';
import { access, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { assertSameKind } from '../folder/addable.js';
import { lockForWriting, wasKilledHere } from '../folder/lock.js';
import { makeFolder } from '../folder/make-folder.js';
import { CacheError, existingManifest, type CacheIdentity } from '../manifest/manifest.js';
import { readQuarantine, writeQuarantine, type QuarantineRecord } from '../quarantine.js';
import { baseOfAttempt, newAttemptName, NO_COMMIT } from './attempt-name.js';
import { commitAttempt, publish } from './commit.js';
import { copyAttempt } from './copy.js';
import { quarantineFolder, readHead, type PartHead } from './head.js';
import { otherAttempts, sealedKeys, type OtherAttempt } from './known.js';

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
    return (await commitAttempt({ part, attempt: name, head, sources, identity })) ? 'committed' : 'lost'; // prettier-ignore
  }

  /** To be called when the run was stopped and its cache is sealed: the next attempt takes over what there is. */
  async leave(): Promise<void> {
    await this.deliver();
  }

  /** To be called when the run failed and its writer is closed. */
  async abandon(): Promise<void> {
    await writeFile(join(this.folder, CLOSED_FILE), '').catch(() => undefined);
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
async function quarantineOf(part: string, head: PartHead | undefined, others: readonly OtherAttempt[]) {
  const records = new Map<string, QuarantineRecord>();
  const folders = others.map(({ folder }) => folder);
  if (head !== undefined) folders.unshift(quarantineFolder(part, head.manifest));
  for (const folder of folders)
    for (const record of await readQuarantine(folder))
      if ((records.get(record.id)?.time ?? '') <= record.time) records.set(record.id, record);
  return [...records.values()];
}

/**
 * Begins an attempt at a part. Any number of them may run at once, on any machines.
 * @param part folder of the part; made when it is not there
 * @param scratch folder on a local disk to write in, copied to the part at the end; null: in the part
 * @throws CacheError when the part was made with other settings, or is damaged
 */
export async function beginAttempt(
  part: string,
  identity: CacheIdentity,
  scratch: string | null = null,
): Promise<Attempt> {
  await makeFolder(part);
  const head = await readHead(part);
  if (head !== undefined) {
    assertSameKind(part, head.manifest, identity);
    if (!head.published) {
      const { published: _, ...before } = head;
      await publish(part, { ...before, published: false }, head.manifest);
    }
  }
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
