import { z } from 'zod';
import { FRAME_FORMATS } from '../../cache/records.js';
import { frameEncoderVersion, type FrameStore } from '../../cache/codec/frame-encoding.js';

/** How a cache keeps frames; the defaults are argued in docs/explanation/storage.md. */
export const storeOptions = z.strictObject({
  /**
   * `raw`: as they are; `jpeg`, `webp`: a clip's frames as one picture, ten to twenty times smaller,
   * not quite the same, and decoded each time they are read.
   */
  store: z.enum(FRAME_FORMATS).default('raw'),
  /** Quality of the pictures, 1 to 100. */
  quality: z.coerce.number().int().min(1).max(100).default(90),
});
export type StoreOptions = z.output<typeof storeOptions>;

/** What the writer of a cache is told. */
export function frameStore({ store, quality }: StoreOptions): FrameStore {
  return { format: store, quality };
}

/** How a cache of this configuration keeps frames. */
export function storeOf(configuration: Readonly<Record<string, unknown>>): FrameStore {
  const { store, quality } = configuration;
  return frameStore(storeOptions.parse({ store, quality }));
}

/** The part of a cache's configuration: quality means nothing to frames that are kept as they are. */
export function storeConfiguration({ store, quality }: StoreOptions) {
  return store === 'raw' ? { store } : { store, quality };
}

/** The version of what makes the pictures, where there are any. */
export async function storeTools({ store }: StoreOptions): Promise<{ readonly frames?: string }> {
  return store === 'raw' ? {} : { frames: await frameEncoderVersion() };
}
