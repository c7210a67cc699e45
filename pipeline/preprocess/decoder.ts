import { join } from 'node:path';
import { listParts, partFolder } from '../../cache/merge/parts.js';
import { CacheError, readManifest } from '../../cache/manifest/manifest.js';
import { LibavDecoder } from '../../stages/libav/decoder.js';
import { findLibav, LIBAV_RELEASE } from '../../stages/libav/home.js';
import type { PreprocessStages } from './cores.js';
import type { PreprocessOptions } from './options.js';

/** What a run decodes with. */
export interface ChosenDecoder {
  readonly name: 'libav' | 'ffmpeg';
  readonly stages: Partial<Pick<PreprocessStages, 'index' | 'decode'>>;
  /** Part of the cache's fingerprint. */
  readonly tools: Readonly<Record<string, string>>;
  /** Resolves once nothing of it is left. */
  close(): Promise<void>;
}

type DecoderOptions = Pick<PreprocessOptions, 'decoder' | 'jobs' | 'memory'>;

const FFMPEG: ChosenDecoder = {
  ...{ name: 'ffmpeg', stages: {}, tools: {} },
  close: () => Promise.resolve(),
};

/** Whether the clips of a cache, or of its parts, were decoded by libav; undefined where there are none. */
async function madeByLibav(cache: string): Promise<boolean | undefined> {
  const folders = [cache, ...(await listParts(cache).catch(() => [])).map((part) => join(cache, partFolder(part)))]; // prettier-ignore
  for (const folder of folders) {
    const manifest = await readManifest(folder).catch(() => undefined);
    if (manifest !== undefined) return 'libav' in manifest.tools;
  }
  return undefined;
}

async function libavOf(binding: string, { jobs, memory }: DecoderOptions): Promise<ChosenDecoder> {
  const decoder = new LibavDecoder(binding, jobs, memory);
  try {
    const version = await decoder.hello();
    const { index, decode } = decoder;
    return {
      ...{ name: 'libav', stages: { index, decode } },
      tools: { libav: `${version} (node-av ${LIBAV_RELEASE})` },
      close: () => decoder.close(),
    };
  } catch (error) {
    await decoder.close();
    throw error;
  }
}

/**
 * Chooses what to decode with: libav in child processes where it is set up, else ffmpeg. Clips of both
 * are not mixed in one cache: what a cache has decides, where there is one.
 * @param replaced the stages that index or decode are somebody's own
 * @throws CacheError where the cache was made with the other one, or libav is asked for and not there
 */
export async function chooseDecoder(
  cache: string,
  options: DecoderOptions,
  replaced = false,
): Promise<ChosenDecoder> {
  const asked = options.decoder;
  if (replaced) return FFMPEG;
  const there = await madeByLibav(cache);
  if (asked !== 'auto' && there !== undefined && there !== (asked === 'libav'))
    throw new CacheError(
      `${cache} was made with --decoder ${there ? 'libav' : 'ffmpeg'}, and clips of two decoders are not mixed; leave --decoder ${asked} out, or choose another folder for the cache`,
    );
  if (asked === 'ffmpeg' || there === false) return FFMPEG;
  const isNeeded = asked === 'libav' || there === true;
  // Who names an ffmpeg wants it used.
  if (!isNeeded && process.env['AVME_FFMPEG'] !== undefined) return FFMPEG;
  const binding = findLibav();
  if (binding === undefined && !isNeeded) return FFMPEG;
  const why = there === true ? `${cache} was made with libav` : '--decoder libav asks for libav';
  const remedy = 'run "avme setup --decoder", or choose another folder for the cache and --decoder ffmpeg'; // prettier-ignore
  if (binding === undefined) throw new CacheError(`${why}, which is not set up; ${remedy}`);
  try {
    return await libavOf(binding, options);
  } catch (error) {
    if (!isNeeded) return FFMPEG;
    throw new CacheError(`${why}, which does not load: ${(error as Error).message}; ${remedy}`);
  }
}

/** Which decoder it would be, and what that adds to a cache's fingerprint, for who does not decode. */
export async function namedDecoder(
  cache: string,
  options: DecoderOptions,
  replaced = false,
): Promise<Pick<ChosenDecoder, 'name' | 'tools'>> {
  const decoder = await chooseDecoder(cache, { ...options, jobs: 1 }, replaced);
  await decoder.close();
  return decoder;
}
