import type { logMelFeatures } from '../../stages/audio/log-mel-features.js';
import type { mfccFeatures } from '../../stages/audio/mfcc-features.js';
import type { decodeClip } from '../../stages/decode/decode-clip.js';
import type { drawTubeMask } from '../../stages/mask/tube-mask.js';
import type { indexVideo } from '../../stages/probe/index-video.js';
import type { sampleClips } from '../../stages/sample/sample-clips.js';
import type { contentHash } from '../../stages/source/content-hash.js';

/** The functions at the core of the stages; each can be replaced by another of the same type. */
export interface PreprocessStages {
  readonly hash: typeof contentHash;
  readonly index: typeof indexVideo;
  readonly sample: typeof sampleClips;
  readonly decode: typeof decodeClip;
  readonly mask: typeof drawTubeMask;
  readonly mfcc: typeof mfccFeatures;
  readonly logMel: typeof logMelFeatures;
}
