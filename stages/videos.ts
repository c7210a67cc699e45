import { Readable } from 'node:stream';
import type { VideoRecord } from './clip.js';
import { openSource } from './source/open-source.js';
import { sourceOptions, type SourceOptions } from './source/options.js';
import { select, selectionOptions, type Selection } from './source/select.js';
import type { VideoSource } from './source/video-source.js';
import { parseOptions } from './stage-options.js';

/** Which kind of list the source is, and which of its videos to take. */
export type VideosOptions = Partial<SourceOptions & Selection>;

/**
 * The videos of a data set: the first stage of preprocessing.
 *
 * ```ts
 * await pipeline(videos('clips/', { limit: 100 }), index(), …);
 * ```
 * @param source a folder of videos, a list that avme knows (see the reference), or a source
 * @returns a Readable of {@link VideoRecord}s in the order of the list; memory does not grow with it
 * @throws RangeError for an option that is wrong; the stream fails with an Error where there is no
 *   such source, or one of its lines is wrong
 */
export function videos(source: string | VideoSource, options: VideosOptions = {}): Readable {
  const chosen = parseOptions('videos', sourceOptions.extend(selectionOptions.shape), options);
  async function* records(): AsyncGenerator<VideoRecord> {
    const opened = typeof source === 'string' ? await openSource(source, chosen) : source;
    for await (const entry of select(opened, chosen).entries()) yield { entry, configuration: {} };
  }
  return Readable.from(records(), { objectMode: true, highWaterMark: 1 });
}
