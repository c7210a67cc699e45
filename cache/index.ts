export { checkAddable, checkPartAddable } from './folder/addable.js';
export { syncFolder, writeAtomically } from './folder/atomic-file.js';
export { checksum } from './codec/checksum.js';
export { CorruptRecordError, EncodedFramesError } from './codec/codec.js';
export {
  assertEncodable,
  decodeFrames,
  encodeFrames,
  frameEncoderVersion,
  FramesTooLargeError,
  type FrameStack,
  type FrameStore,
} from './codec/frame-encoding.js';
export {
  CACHE_SCHEMA,
  CacheError,
  cacheIdentity,
  compareConfigurations,
  identitySchema,
  MANIFEST_FILE,
  type CacheIdentity,
  type Manifest,
  type ShardEntry,
} from './manifest/manifest.js';
export { mergeCaches, type MergeOptions, type MergeResult } from './merge/merge.js';
export { beginPart, endPart, listParts, partFolder, type CachePart } from './merge/parts.js';
export { type UnfinishedPart } from './merge/sources.js';
export { epochOrder, placeInEpoch } from './order/order.js';
export { decodeSample, type PreparedSample } from './codec/prepare.js';
export { Quarantine, readQuarantine, type QuarantineRecord } from './quarantine.js';
export { randomFor } from './order/random.js';
export { openCache, CacheReader, type ReadManifest } from './reader.js';
export {
  assertShape,
  FRAME_FORMATS,
  rawSample,
  type ClipArrays,
  type ClipFlags,
  type ClipShape,
  type FrameFormat,
  type FrameSize,
  type Sample,
  type SampleEntry,
  type SampleHeader,
  type StoredSample,
  type VideoEntry,
} from './records.js';
export { sampleKey, type ClipOrigin } from './sample-key.js';
export { codecOf, type Codec } from './manifest/schema.js';
export { SpanReader } from './span-reader.js';
export { type RecordPlace } from './shard/source.js';
export {
  rankPlaces,
  sampleSequence,
  type SampleSequence,
  type SequenceItem,
  type SequencePart,
} from './order/sequence.js';
export {
  StatisticsFold,
  sumsOf,
  type ClipSums,
  type Moments,
  type Statistics,
} from './manifest/statistics.js';
export { belongsTo, selectSamples, type Subset } from './subset.js';
export {
  verifyChunk,
  type BadSample,
  type VerifiedChunk,
  type VerifyChunk,
  type VerifyRules,
} from './verify/chunk.js';
export { dropBad, sumsDiffer, type ShardVerdict } from './verify/drop.js';
export { surveyCache, type SurveyedShard } from './verify/survey.js';
export { CacheWriter, openCacheWriter, type CacheWriterOptions } from './writer.js';
