import type { SampleHeader } from '../../../cache/records.js';
import { SAMPLE_RATE } from '../../../stages/audio/sample-rate.js';
import { StageError } from '../../../stages/stage-error.js';
import { contentHash } from '../../../stages/source/content-hash.js';
import { decodeAudio } from '../../../stages/decode/decode-audio.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { InspectProblem } from '../problem.js';

const HEADER = 44;

/** Mono samples in [-1, 1] as a WAV file of 16 bits. */
export function encodeWav(samples: Float32Array, rate: number): Buffer {
  const bytes = samples.length * 2;
  const wav = Buffer.alloc(HEADER + bytes);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(HEADER - 8 + bytes, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20); // PCM
  wav.writeUInt16LE(1, 22); // channels
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(bytes, 40);
  samples.forEach((value, i) => {
    wav.writeInt16LE(Math.round(Math.max(-1, Math.min(1, value)) * 32767), HEADER + 2 * i);
  });
  return wav;
}

/**
 * The sound of a clip, cut again out of its source: the cache keeps MFCCs only.
 * @returns WAV
 * @throws InspectProblem 404 when the clip has no sound, 410 when the source is gone, 409 when it is
 *   another file by now
 */
export async function clipSound(header: SampleHeader, signal: AbortSignal): Promise<Buffer> {
  const { path, span, flags } = header;
  if (!flags.audioPresent) throw new InspectProblem(404, 'this clip has no sound');
  const context = { timeout: 60, signal };
  try {
    // Also what keeps a foreign cache from making files of this machine audible: it must know them whole.
    if ((await contentHash(path, signal)) !== header.contentHash)
      throw new InspectProblem(409, `${path} has changed since the cache was made`);
    const { samples } = await decodeAudio(await indexVideo(path, context), span, context);
    if (samples === null)
      throw new InspectProblem(422, `the sound of ${path} can no longer be decoded`);
    return encodeWav(samples, SAMPLE_RATE);
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    throw new InspectProblem(410, `${path} cannot be read any more: ${error.cause}`, {
      cause: error,
    });
  }
}
