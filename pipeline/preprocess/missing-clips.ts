import type { Quarantine } from '../../cache/quarantine.js';
import { sampleKey } from '../../cache/sample-key.js';
import type { CacheWriter } from '../../cache/writer.js';
import type { VideoRecord } from '../../stages/clip.js';
import { contentHash, fileVersion } from '../../stages/source/content-hash.js';
import { stage, type StageOptions, type StageStream } from '../../stages/stream.js';
import type { RunLedger } from './ledger.js';

export interface MissingClipsOptions extends StageOptions<VideoRecord> {
  readonly writer: CacheWriter;
  readonly quarantine: Quarantine;
  readonly ledger: RunLedger;
  /** Clips of a video. */
  readonly clips: number;
  readonly retryFailed: boolean;
  readonly hash?: typeof contentHash | undefined;
}

/**
 * Lets those videos through of which the cache lacks clips, and says which: what is in the cache by
 * the content of its file, what another entry of this run makes, and what is in quarantine already
 * is not worked on again.
 */
export function missingClips({
  writer,
  quarantine,
  ledger,
  clips,
  retryFailed,
  hash = contentHash,
  ...stageOptions
}: MissingClipsOptions): StageStream<VideoRecord, VideoRecord> {
  /** The entry of this run that makes a sample, by the sample's key. */
  const claims = new Map<string, string>();
  return stage(
    'read',
    async (record: VideoRecord, signal): Promise<VideoRecord[]> => {
      const { entry } = record;
      ledger.begin();
      const version = await fileVersion(entry.path);
      const content = await hash(entry.path, signal);
      const { start, end } = entry;
      const all = Array.from({ length: clips }, (_, clip) => ({
        index: clip,
        key: sampleKey(writer.identity.fingerprint, { contentHash: content, start, end, clip }),
      }));
      const wanted = all.filter(({ key }) => !writer.has(key) && !claims.has(key));
      const owner = claims.get(all[0]?.key ?? '');
      if (owner !== undefined) ledger.duplicate(entry, owner);
      ledger.skip(all.length - wanted.length);
      const known = quarantine.get(entry.id)?.contentHash === content;
      if (wanted.length === 0) await quarantine.release(entry.id);
      else if (known && !retryFailed) ledger.stillQuarantined(entry);
      else {
        for (const { key } of wanted) claims.set(key, entry.path);
        ledger.expect(entry, wanted.length);
        return [{ ...record, version, contentHash: content, wanted }];
      }
      ledger.finish();
      return [];
    },
    stageOptions,
  );
}
