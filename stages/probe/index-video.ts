import { CAUSES } from '../causes.js';
import { displayMatrices, mirrorFilter } from './display-matrix.js';
import { StageError } from '../stage-error.js';
import { explainComplaints } from '../ffmpeg/log.js';
import { runFfmpeg } from '../ffmpeg/ffmpeg.js';
import { pairFields } from '../decode/field-pairs.js';
import { hdrColour } from './hdr.js';
import { PacketReader } from './packet-list.js';
import { timeLineOf } from './packet-table.js';
import { chooseStream, type StreamChoice } from './stream-choice.js';
import { isSeekable, type RunContext, type VideoIndex } from './video-index.js';

/** About 5 million packets: a day at 60 a second. */
const MAX_LIST_BYTES = 1 << 28;

interface Header {
  container: string;
  stream: string | null;
  /** ffmpeg's description of each picture stream by its name. */
  readonly pictures: Map<string, string>;
  /** The same of each sound stream. */
  readonly sounds: Map<string, string>;
}

function readHeader(header: Header, line: string): void {
  const container = /^\[info\] Input #0, (\S+), from /.exec(line);
  if (container !== null) header.container = container[1] ?? '';
  const picture = /^\[info\] {3,5}Stream #(0:\d+)\S*: Video: (.*)$/.exec(line);
  if (picture?.[1] !== undefined && !header.pictures.has(picture[1]))
    header.pictures.set(picture[1], picture[2] ?? '');
  const sound = /^\[info\] {3,5}Stream #(0:\d+)\S*: Audio: (.*)$/.exec(line);
  if (sound?.[1] !== undefined && !header.sounds.has(sound[1]))
    header.sounds.set(sound[1], sound[2] ?? '');
  const chosen = /^\[info\] {3}Stream #(0:\d+) -> #0:0 \(copy\)$/.exec(line);
  if (chosen !== null) header.stream = chosen[1] ?? null;
}

async function mirrorOf(path: string, stream: string): Promise<string | null> {
  const matrix = (await displayMatrices(path))[Number(stream.split(':')[1])];
  return matrix == null ? null : mirrorFilter(matrix);
}

/**
 * Lists the frames of a video's best picture stream, or the one asked for, without decoding them.
 * @throws StageError (stage `index`) when there is nothing in it to decode
 */
export async function indexVideo(
  path: string,
  context: RunContext,
  { videoStream, audioStream }: StreamChoice = { videoStream: null, audioStream: null },
): Promise<VideoIndex> {
  const header: Header = { container: '', stream: null, pictures: new Map(), sounds: new Map() };
  const packets = new PacketReader();
  const { complaints } = await runFfmpeg({
    ...context,
    stage: 'index',
    path,
    inputOptions: ['-copyts'],
    outputOptions: [
      ...(videoStream === null ? ['-an', '-sn', '-dn'] : ['-map', `0:v:${videoStream}`]),
      // Lines in one piece: written by themselves, they cost both sides more than the reading of the file.
      ...['-c', 'copy', '-copyinkf', '-flush_packets', '0', '-f', 'framecrc'],
    ],
    maxBytes: MAX_LIST_BYTES,
    onLine: (line) => { readHeader(header, line); },
    onOutput: (chunk) => { packets.write(chunk.toString('latin1')); },
  }); // prettier-ignore
  const detail = complaints.join('\n');
  const table = packets.end();
  const { stream, sounds } = header;
  const picture = chooseStream('picture', header.pictures, videoStream);
  // A file without any sound is ordinary; one that lacks the sound asked for is not.
  const sound = chooseStream('sound', sounds, sounds.size === 0 ? null : audioStream);
  const problem = (header.pictures.size > 0 ? picture.problem : null) ?? sound.problem;
  if (problem !== null) throw new StageError('index', problem, detail);
  if (stream === null)
    throw new StageError('index', explainComplaints(complaints, CAUSES.noPicture), detail); // prettier-ignore
  const description = header.pictures.get(stream) ?? '';
  const line = timeLineOf(table);
  if (line.times.length === 0 || !(line.tick > 0))
    throw new StageError('index', explainComplaints(complaints, CAUSES.noFrame), detail); // prettier-ignore
  // Old versions of ffmpeg do not say that a picture is attached.
  const still =
    line.times.length === 1 && sounds.size > 0 && /^(mjpeg|png|bmp)\b/.test(description);
  if (still || description.includes('(attached pic)'))
    throw new StageError('index', CAUSES.onlyCover, detail);
  const index: VideoIndex = {
    path,
    ...line,
    stream,
    seekable: isSeekable(header.container),
    hasAudio: sounds.size > 0,
    // With several, ffmpeg finds the best one.
    audioStream: sound.name ?? (sounds.size === 1 ? ([...sounds.keys()][0] ?? null) : null),
    hdr: hdrColour(description),
    mirror: header.container.startsWith('mov,') ? await mirrorOf(path, stream) : null,
  };
  return /\((?:top|bottom) /.test(description) ? pairFields(index, context) : index;
}
