import { z } from 'zod';
import { assertHas, configured, type IndexedVideo, type VideoRecord } from './clip.js';
import { indexVideo } from './probe/index-video.js';
import { pageInstead } from './probe/web-page.js';
import { streamOptions } from './probe/stream-choice.js';
import { contentHash, fileVersion, whileUnchanged } from './source/content-hash.js';
import { limitOptions } from './ffmpeg/limits.js';
import { parseOptions, type WithStage } from './stage-options.js';
import { stage, type StageStream } from './stream.js';

const indexOptions = z.strictObject({ ...streamOptions.shape, ...limitOptions.shape });

export interface IndexOptions extends Partial<z.input<typeof indexOptions>> {
  /** Replaces the way a video is indexed. */
  readonly core?: typeof indexVideo | undefined;
}

/**
 * Indexes videos: hashes the file, and lists the presentation times of all its frames from its
 * packets, no header claim among them.
 *
 * Options: `videoStream`, `audioStream` (which stream, from 0; default: ffmpeg's choice), `timeout`
 * (seconds one ffmpeg process may take; default 300), `memory` (GiB; default 4), and those of
 * every stage.
 * @returns a Duplex from {@link VideoRecord} to {@link IndexedVideo}
 * @throws RangeError for an option that is wrong. A file that cannot be used is a StageError of the
 *   stage `read` or `index`, which goes to `onFailure`.
 */
export function index(
  options: WithStage<IndexOptions, VideoRecord> = {},
): StageStream<VideoRecord, IndexedVideo> {
  const { concurrency, window, onFailure, core = indexVideo, ...own } = options;
  const { videoStream, audioStream, ...limits } = parseOptions('index', indexOptions, own);
  return stage(
    'index',
    async (record: VideoRecord, signal): Promise<IndexedVideo[]> => {
      assertHas(record, 'index', 'entry', 'videos()');
      const { path } = record.entry;
      const version = record.version ?? (await fileVersion(path));
      const hash = record.contentHash ?? (await contentHash(path, signal));
      const found = await whileUnchanged(path, version, () =>
        core(path, { ...limits, signal }, { videoStream, audioStream }).catch(
          async (error: unknown) => {
            throw await pageInstead(path, error);
          },
        ),
      );
      const configuration = configured(record, 'index', { videoStream, audioStream });
      return [{ ...record, configuration, version, contentHash: hash, index: found }];
    },
    { concurrency, window, onFailure },
  );
}
