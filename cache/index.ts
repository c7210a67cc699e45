// Reading a cache.
export { openCache, type CacheReader, type ReadManifest } from './reader.js';
export { belongsTo, selectSamples, type Subset } from './subset.js';
export { readQuarantine, type QuarantineRecord } from './quarantine.js';
export type { Manifest, ShardEntry } from './manifest/manifest.js';
export type { Moments, Statistics } from './manifest/statistics.js';

// Writing one.
export { openCacheWriter, type CacheWriter, type CacheWriterOptions } from './writer.js';
export type { FrameStore } from './codec/frame-encoding.js';
export type { PreparedSample } from './codec/prepare.js';
export { sampleKey, type ClipOrigin } from './sample-key.js';

// What is in it.
export {
  FRAME_FORMATS,
  type ClipArrays,
  type ClipFlags,
  type ClipShape,
  type FrameFormat,
  type FrameSize,
  type Sample,
  type SampleEntry,
  type SampleHeader,
  type VideoEntry,
} from './records.js';

// The order of training samples: pure functions of (seed, epoch, place).
export { epochOrder, placeInEpoch } from './order/order.js';
export { randomFor } from './order/random.js';
export type { BlockOptions } from './order/blocks.js';
export {
  sampleSequence,
  type SampleGroups,
  type SampleSequence,
  type SequenceItem,
  type SequencePart,
} from './order/sequence.js';

// What can be wrong with it.
export { CorruptRecordError } from './codec/codec.js';
export { CacheError } from './manifest/manifest.js';
